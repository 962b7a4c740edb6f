"""The rules of the link with which people fetch their package, over HTTP: to nobody else, and once."""

import io
import zipfile
from uuid import UUID

import httpx
import pytest

from service.kernel.crypto import to_text
from tests.filing import REQUESTS, approve_all, data, file
from tests.running import Running, customer, refused, succeeded

ADA = customer("ada")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def _link(service: Running) -> tuple[str, str]:
    """An approved request of somebody known, and the address that is sent to them."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "access", ADA))["request_id"]
    await approve_all(service, request_id)
    return request_id, await _issued(service, request_id)


async def _issued(service: Running, request_id: str) -> str:
    links = service.desks.links
    token = await service.database.run("test.issue", lambda c: links.issue(c, UUID(request_id), None))
    return f"/v1/rights/packages/{token}"


async def _state(service: Running, request_id: str) -> str:
    return succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))["state"]


def _opened(answer: httpx.Response) -> zipfile.ZipFile:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(answer.content))


@pytest.mark.rule("R7")
async def test_a_link_gives_the_package_once(service: Running) -> None:
    """Whoever was sent the link gets the package, which completes the request; then it is 410."""
    request_id, path = await _link(service)
    told = data(_opened(await service.http.get(path)))
    assert [row["sealed"] for row in told["subjects"][0]["tables"]["lookups"]] == [ADA["value"]]
    assert await _state(service, request_id) == "completed"
    for _ in range(2):
        refused(await service.http.get(path), 410, "link-used")


@pytest.mark.rule("R7")
async def test_looking_at_a_link_does_not_use_it_up(service: Running) -> None:
    """Neither HEAD nor a browser, nor a program that opens every link as one would, uses it: a button does."""
    request_id, path = await _link(service)
    assert (await service.http.head(path)).status_code == 405
    for _ in range(2):
        page = await service.http.get(path, headers=BROWSER)
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
        assert "script" not in page.text
        assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert await _state(service, request_id) == "running"
    _opened(await service.http.get(path, params={"download": "true"}, headers=BROWSER))
    assert await _state(service, request_id) == "completed"


@pytest.mark.rule("R7")
async def test_a_link_expires_and_is_replaced_by_a_newer_one(service: Running) -> None:
    """After its 72 hours it is 410 and the request stays open; a new link makes the one before unknown."""
    request_id, path = await _link(service)
    lasts = "SELECT expires_at - now() > interval '71 hours 59 minutes' AND expires_at < now() + interval '72 hours'"
    assert await service.database.fetchval(f"{lasts} FROM package_links")
    age = "UPDATE package_links SET expires_at = now()"
    await service.database.run("test.age", lambda c: c.execute(age))
    refused(await service.http.get(path), 410, "link-expired")
    assert await _state(service, request_id) == "running"
    newer = await _issued(service, request_id)
    refused(await service.http.get(path), 404, "link-unknown")
    _opened(await service.http.get(newer))


@pytest.mark.rule("R7")
@pytest.mark.parametrize("token", ["A" * 43, "a", "%00", "%ff", "..%2f..", "' OR 1=1 --", "x" * 5000])
async def test_a_guessed_link_is_unknown(service: Running, token: str) -> None:
    """Whatever is guessed is a 404 without a trace; the database has nothing but a keyed hash."""
    _, path = await _link(service)
    answer = await service.http.get(f"/v1/rights/packages/{token}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    stored = await service.database.fetchval("SELECT token_hash FROM package_links")
    assert to_text(stored) not in path
    assert path.rpartition("/")[2].encode() not in stored
