"""The rules of how often one caller may ask, over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from service.kernel.limits import BURST_SECONDS
from tests.line import line
from tests.running import ORIGIN, Running, customer, refused, running, succeeded

QUESTION = {"subject": customer(), "purposes": ["analytics"]}
WRONG = "sk_0_AAAA"


@pytest.fixture
async def limited(database_url: str, policies_dir: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """The service, which takes one request per second of each caller."""
    rates = {"rate_per_second": 1, "browser_rate_per_second": 1}
    async with running(database_url, policies_dir, tmp_path / "data", **rates) as service:
        yield service


async def flood(service: Running, key: str, path: str = "/v1/cookies") -> list[httpx.Response]:
    """Far more requests than one caller may send, all at once."""
    headers = {"Origin": ORIGIN}
    return await asyncio.gather(*(service.post(path, {}, key=key, headers=headers) for _ in range(3 * BURST_SECONDS)))


@asynccontextmanager
async def flooding(service: Running, key: str) -> AsyncGenerator[None]:
    """A flood of one caller that is being sent away, and goes on until this is left."""
    sent_away = asyncio.Event()

    async def go_on() -> None:
        while True:
            answer = await service.post("/v1/cookies", {}, key=key, headers={"Origin": ORIGIN})
            if answer.status_code == 429:
                sent_away.set()

    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(go_on()) for _ in range(BURST_SECONDS)]
        async with asyncio.timeout(30):
            await sent_away.wait()
        yield
        for caller in callers:
            caller.cancel()


@pytest.mark.rule("S6")
async def test_others_are_served_while_one_key_floods(limited: Running) -> None:
    """A flood of one caller leaves others served while it goes on, and not only when it is over."""
    other = await limited.key("consent:read")
    succeeded(await limited.post("/v1/consents/check", QUESTION, key=other))
    for key in (limited.secret_key, limited.browser_key):
        async with flooding(limited, key):
            succeeded(await limited.post("/v1/consents/check", QUESTION, key=other))


@pytest.mark.rule("S6")
async def test_a_flood_of_one_key_leaves_the_others_served(limited: Running) -> None:
    """A flood of one caller is sent away with the time to wait, and every other key is served."""
    other = await limited.key("consent:read")
    succeeded(await limited.post("/v1/consents/check", QUESTION, key=other))
    for key in (limited.secret_key, limited.browser_key):
        succeeded(await limited.post("/v1/cookies", key=key, headers={"Origin": ORIGIN}), 201)
        answers = await flood(limited, key)
        assert {answer.status_code for answer in answers} == {201, 429}
        for answer in answers:
            if answer.status_code == 429:
                refused(answer, 429, "too-many-requests")
                assert answer.headers["Retry-After"] == "1"
                assert answer.headers["access-control-allow-origin"] == ORIGIN
        succeeded(await limited.post("/v1/consents/check", QUESTION, key=other))


@pytest.mark.rule("S6")
async def test_wrong_credentials_are_counted_by_their_address(limited: Running) -> None:
    """A flood of guesses, each another credential, is sent away, and the callers that are known stay served."""
    succeeded(await limited.post("/v1/consents/check", QUESTION))
    guesses = [f"sk_{number}_AAAA" for number in range(3 * BURST_SECONDS)]
    answers = await asyncio.gather(*(limited.post("/v1/cookies", key=guess) for guess in guesses))
    assert {answer.status_code for answer in answers} == {401, 429}
    refused(await limited.http.post("/v1/cookies"), 429, "too-many-requests")
    succeeded(await limited.post("/v1/consents/check", QUESTION))


@pytest.mark.rule("S6")
async def test_a_flood_never_reaches_the_database(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A flood leaves the database to others: what is too much is sent away although the database is gone."""
    async with (
        line(database_url) as to_it,
        running(to_it.url, policies_dir, tmp_path / "data", browser_rate_per_second=1) as service,
    ):
        await flood(service, service.browser_key)
        await to_it.cut()
        assert 429 in {answer.status_code for answer in await flood(service, service.browser_key)}
        await to_it.mend()


@pytest.mark.rule("S6")
async def test_servers_are_not_limited_unless_it_is_set(service: Running) -> None:
    """Rates of a company's own servers are limited only where a setting says so."""
    answers = await asyncio.gather(*(service.post("/v1/consents/check", QUESTION) for _ in range(300)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.rule("S6")
async def test_a_flood_of_proofs_is_sent_away(limited: Running) -> None:
    """Who needs no credential may ask as often as a stranger, and those with a key are served meanwhile."""
    succeeded(await limited.post("/v1/consents/check", QUESTION, key=limited.secret_key))
    asked = [limited.http.get("/v1/ledger/checkpoint") for _ in range(3 * BURST_SECONDS)]
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {404, 429}
    succeeded(await limited.post("/v1/consents/check", QUESTION, key=limited.secret_key))
