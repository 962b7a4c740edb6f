"""The rules of publishable keys: from where, of whom, and for what a page may call; over HTTP."""

import shutil
from pathlib import Path

import httpx
import pytest

from service.app import MOST_BYTES
from service.kernel.auth import BROWSER_SCOPES
from service.kernel.crypto import from_text, to_text
from tests.consenting import NOON, of_cookie, text, visitor
from tests.filing import REQUESTS
from tests.running import NOTICE, ORIGIN, Running, customer, refused, succeeded

ELSEWHERE = (
    "http://127.0.0.1:8001",
    "https://127.0.0.1:8000",
    "http://127.0.0.1:8000.evil.example",
    "http://evil.example/http://127.0.0.1:8000",
    "HTTP://127.0.0.1:8000",
    "http://127.0.0.1:8000/",
    "null",
    "",
)
RECORD = {"site": "shop", "decisions": {"analytics": "given"}, "notice": NOTICE, "method": "form"}


@pytest.fixture
def policies_dir(policies_dir: Path, tmp_path: Path) -> Path:
    """The bundle with a second site, which shows the same notice."""
    folder = Path(shutil.copytree(policies_dir, tmp_path / "policies"))
    with (folder / "sites.toml").open("a") as sites:
        sites.write(
            '\n[site.blog]\ntitle = { it = "Blog", en = "Blog" }\norigins = ["https://blog.example"]\n'
            'notice = "shop"\nlanguages = ["it", "en"]\n'
        )
    return folder


@pytest.mark.rule("S1")
@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:8000"])
async def test_a_browser_key_works_from_its_origins(service: Running, origin: str) -> None:
    """A browser key works from its origins only."""
    assert succeeded(await service.browse("/v1/cookies", origin=origin), 201)["value"]


@pytest.mark.rule("S1")
async def test_a_browser_key_works_from_nowhere_else(service: Running) -> None:
    """A browser key works from its origins only: not from another, a similar, an opaque or an untold one."""
    _, grant = await visitor(service)
    for origin in (*ELSEWHERE, "https://blog.example"):
        for path, body in (("/v1/cookies", None), ("/v1/consents", grant)):
            refused(await service.browse(path, body, origin=origin), 403, "forbidden")
    refused(await service.post("/v1/cookies", key=service.browser_key), 403, "forbidden")


@pytest.mark.rule("S1")
async def test_a_browser_key_works_for_its_own_site(service: Running) -> None:
    """A browser key works from its origins only, and speaks of its own site only, wherever the request comes from."""
    key = await service.key(*BROWSER_SCOPES, site="blog")
    headers = {"Origin": "https://blog.example"}
    cookie = succeeded(await service.post("/v1/cookies", key=key, headers=headers), 201)["value"]
    headers |= {"Placet-Cookie": cookie}
    shop = succeeded(await service.get("/v1/notices/shop"))["presented"]
    decision = {"site": "shop", "placements": ["home_hero"]}
    for path, body in (
        ("/v1/consents", RECORD | {"presented": shop}),
        ("/v1/consents/withdraw", {"purposes": "all", "site": "shop"}),
        ("/v1/decisions", decision),
    ):
        refused(await service.post(path, body, key=key, headers=headers), 403, "forbidden")
    blog = succeeded(await service.get("/v1/notices/blog"))["presented"]
    refused(
        await service.post("/v1/consents", RECORD | {"site": "blog", "presented": shop}, key=key, headers=headers),
        422,
        "record-refused",
    )
    mine = RECORD | {"site": "blog", "presented": blog}
    succeeded(await service.post("/v1/consents", mine, key=key, headers=headers), 201)


@pytest.mark.rule("S1")
async def test_a_browser_key_of_a_site_that_is_gone_works_nowhere(service: Running) -> None:
    """A browser key works from its origins only: a site that the bundle no longer has, has none."""
    key = await service.key(*BROWSER_SCOPES, site="closed")
    for origin in ("https://closed.example", ORIGIN):
        refused(await service.post("/v1/cookies", key=key, headers={"Origin": origin}), 403, "forbidden")


@pytest.mark.rule("S1")
async def test_a_browser_key_cannot_read_about_people(service: Running) -> None:
    """A browser key cannot read history, nor check, nor see where somebody stands, also not of its own cookie."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    question = {"subject": of_cookie(cookie), "purposes": ["analytics"]}
    for path, body in {
        "/v1/consents/check": question,
        "/v1/consents/check/batch": {"checks": [question]},
        "/v1/consents/history": {"subject": of_cookie(cookie)},
        "/v1/journeys/position": {},
    }.items():
        refused(await service.browse(path, body, cookie=cookie), 403, "forbidden")
    for path in (REQUESTS, f"{REQUESTS}/01a20c2a-ed90-7271-adb0-e6fcf8559dab/package"):
        answer = await service.get(path, key=service.browser_key, headers={"Origin": ORIGIN})
        refused(answer, 403, "forbidden")


@pytest.mark.rule("S1")
async def test_a_browser_key_cannot_act_for_another_kind_of_identifier(service: Running) -> None:
    """A browser key cannot act for another kind of identifier."""
    cookie, grant = await visitor(service)
    touchpoint = {"event": "search", "channel": "web", "occurred_at": text(NOON)}
    for subject in (
        customer(),
        {"kind": "email", "value": "ada@example.com"},
        {"kind": "phone", "value": "+393471234567"},
    ):
        named = {"subject": subject}
        for path, body in {
            "/v1/consents": grant | named,
            "/v1/consents/withdraw": {"purposes": "all", "site": "shop"} | named,
            "/v1/touchpoints": {"touchpoints": [touchpoint, touchpoint | named]},
            "/v1/decisions": {"site": "shop", "placements": ["home_hero"]} | named,
            REQUESTS: {"right": "erasure", "language": "it", "identifiers": [subject]},
        }.items():
            refused(await service.browse(path, body, cookie=cookie), 403, "not-your-subject")
    assert await service.count("subjects") == await service.count("rights_requests") == 0


@pytest.mark.rule("S1")
async def test_a_browser_key_cannot_act_for_an_invented_cookie(service: Running) -> None:
    """A browser key acts for a cookie of this service: an invented or changed one is refused without a look-up."""
    cookie, grant = await visitor(service)
    changed = to_text(bytes([from_text(cookie)[0] ^ 1]) + from_text(cookie)[1:])
    for invented in (changed, to_text(bytes(32)), cookie[:-1], cookie + "A", "x", cookie.lower()):
        refused(await service.browse("/v1/consents", grant, cookie=invented), 422, "identifier-refused")
    refused(await service.browse("/v1/consents", grant), 422, "subject-missing")
    assert await service.count("lookups") == 0


@pytest.mark.rule("S1")
async def test_a_browser_key_cannot_vouch_nor_set_the_clock(service: Running) -> None:
    """A browser key cannot act for its operator: it neither verifies a person nor says what time it is."""
    cookie, grant = await visitor(service)
    request = {"right": "access", "language": "it", "verified": {"method": "login"}}
    refused(await service.browse(REQUESTS, request, cookie=cookie), 403, "forbidden")
    now = {"Placet-Now": text(NOON)}
    refused(await service.browse("/v1/consents", grant, cookie=cookie, headers=now), 403, "forbidden")


async def preflight(service: Running, origin: str, path: str = "/v1/consents") -> httpx.Response:
    """What a browser asks before it lets a page send a request."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,placet-cookie",
    }
    return await service.http.request("OPTIONS", path, headers=headers)


@pytest.mark.rule("S1")
@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:8000", "https://blog.example"])
async def test_pages_of_our_sites_may_call(service: Running, origin: str) -> None:
    """A browser key works from its origins: preflight allows what a page sends, and answers may be read there."""
    answer = await preflight(service, origin)
    assert answer.status_code == 204
    allowed = {name.removeprefix("access-control-allow-"): value for name, value in answer.headers.items()}
    assert (allowed["origin"], allowed["methods"]) == (origin, "GET, POST")
    assert set(allowed["headers"].split(", ")) >= {"authorization", "content-type", "idempotency-key", "placet-cookie"}
    assert "credentials" not in allowed
    assert answer.headers.get_list("vary") == ["origin"]
    assert answer.headers["x-request-id"]


@pytest.mark.rule("S1")
async def test_pages_of_others_may_not(service: Running) -> None:
    """A browser key works from its origins only: elsewhere the preflight allows nothing and no answer may be read."""
    for origin in (origin for origin in ELSEWHERE if origin):
        answers = [await preflight(service, origin), await service.browse("/v1/cookies", origin=origin)]
        for answer in answers:
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["vary"] == "origin"


@pytest.mark.rule("S1")
async def test_pages_of_our_sites_may_read_every_answer(service: Running) -> None:
    """A browser key works from its origins: good answers and problems of every kind can be read by the page."""
    cookie, grant = await visitor(service)
    for answer, status in (
        (await service.browse("/v1/consents", grant, cookie=cookie), 201),
        (await service.browse("/v1/consents", grant), 422),
        (await service.browse("/v1/consents/check", {}), 403),
        (await service.browse("/v1/nowhere", {}), 404),
        (await service.get("/v1/consents", headers={"Origin": ORIGIN}), 405),
        (await service.post("/v1/cookies", key="pk_no", headers={"Origin": ORIGIN}), 401),
        (await service.browse("/v1/consents", "x" * MOST_BYTES, cookie=cookie), 413),
    ):
        assert answer.status_code == status
        assert answer.headers.get_list("access-control-allow-origin") == [ORIGIN]
        assert answer.headers["access-control-expose-headers"] == "x-request-id, retry-after"
