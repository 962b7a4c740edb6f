"""The rules of Global Privacy Control, over HTTP."""

from datetime import date

import pytest

from tests.consenting import NOON, of_cookie, text, visitor
from tests.running import Running, customer, succeeded
from tests.visiting import walk

SIGNAL = {"Sec-GPC": "1"}
NO_SIGNAL = ({"Sec-GPC": "0"}, {"Sec-GPC": "true"}, {"Sec-GPC": "11"}, {"Sec-GPC": "1, 1"}, {"Sec-GPC": ""}, {})
TOUCHPOINT = {"event": "search", "channel": "web", "occurred_at": text(NOON)}
PAGE = {"site": "shop", "placements": ["home_hero"]}


async def mode(service: Running, cookie: str, headers: dict[str, str]) -> str:
    """How the first placement of the shop is filled for a visitor."""
    answer = await service.browse("/v1/decisions", PAGE, cookie=cookie, headers=headers)
    return succeeded(answer)["decisions"][0]["mode"]


async def kept(service: Running, cookie: str, headers: dict[str, str]) -> dict[str, str]:
    """What becomes of a touchpoint that a page of the shop reports."""
    answer = await service.browse("/v1/touchpoints", {"touchpoints": [TOUCHPOINT]}, cookie=cookie, headers=headers)
    return succeeded(answer)["outcomes"][0]


@pytest.mark.rule("C16")
async def test_the_signal_of_a_browser_denies_what_honours_it(service: Running) -> None:
    """`Sec-GPC: 1` denies a grant that was made without it: nothing is profiled and no touchpoint is kept."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    await walk(service, of_cookie(cookie))
    decisions = await service.count("decisions")
    assert await mode(service, cookie, SIGNAL) != "profiled"
    assert await kept(service, cookie, SIGNAL) == {"outcome": "dropped", "reason": "gpc"}
    assert await service.count("decisions") == decisions
    assert await mode(service, cookie, {}) == "profiled"


@pytest.mark.rule("C16")
async def test_nothing_but_the_one_value_is_the_signal(service: Running) -> None:
    """`Sec-GPC: 1`, exactly: another value, or the header twice, says nothing."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    await walk(service, of_cookie(cookie))
    for headers in NO_SIGNAL:
        assert await mode(service, cookie, headers) == "profiled", headers
        assert (await kept(service, cookie, headers))["outcome"] == "stored", headers


@pytest.mark.rule("C16")
async def test_what_a_page_says_of_the_signal_does_not_count(service: Running) -> None:
    """`gpc: true` from a server only: a page that always sent it would make every grant immune to the signal."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant | {"gpc": True}, cookie=cookie), 201)
    assert (await service.check(of_cookie(cookie), "analytics", gpc=True))["reason"] == "gpc"


@pytest.mark.rule("C16")
async def test_a_grant_made_with_the_signal_on_stands(service: Running) -> None:
    """The grant itself was recorded with GPC on, so that the signal does not take back what the person knew of."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie, headers=SIGNAL), 201)
    assert (await service.check(of_cookie(cookie), "analytics", gpc=True))["allowed"]
    answer = await service.browse("/v1/touchpoints", {"touchpoints": [TOUCHPOINT]}, cookie=cookie, headers=SIGNAL)
    assert succeeded(answer)["outcomes"][0]["outcome"] == "stored"


@pytest.mark.rule("C16")
async def test_a_server_passes_the_signal_on(service: Running) -> None:
    """`gpc: true` from a server denies, and so does the header of a visitor's request that it passes on."""
    ada = customer()
    await service.give(ada, "analytics", "marketing_email")
    question = {"subject": ada, "purposes": ["analytics", "marketing_email"]}
    for body, headers in ((question | {"gpc": True}, {}), (question, SIGNAL)):
        results = succeeded(await service.post("/v1/consents/check", body, headers=headers))["results"]
        assert (results["analytics"]["allowed"], results["analytics"]["reason"]) == (False, "gpc")
        assert results["marketing_email"]["allowed"]
        batch = await service.post("/v1/consents/check/batch", {"checks": [body]}, headers=headers)
        assert succeeded(batch)["results"][0]["results"] == results
    assert (await service.check(ada, "analytics"))["allowed"]


@pytest.mark.rule("C16")
async def test_the_signal_hides_a_position(service: Running) -> None:
    """`Sec-GPC: 1` denies the purpose of a journey too."""
    ada = customer()
    await walk(service, ada)
    succeeded(await service.post("/v1/journeys/position", {"subject": ada}))
    assert (await service.post("/v1/journeys/position", {"subject": ada}, headers=SIGNAL)).status_code == 403


@pytest.mark.rule("C16")
async def test_the_signal_grants_and_stores_nothing(service: Running) -> None:
    """It never grants, and stores nothing about a stranger, nor about somebody who refused."""
    cookie, grant = await visitor(service)
    before = await service.contents()
    assert await mode(service, cookie, SIGNAL) != "profiled"
    assert await kept(service, cookie, SIGNAL) == {"outcome": "dropped", "reason": "unknown"}
    assert await service.contents() == before
    refusal = grant | {"decisions": dict.fromkeys(grant["decisions"], "refused")}
    succeeded(await service.browse("/v1/consents", refusal, cookie=cookie, headers=SIGNAL), 201)
    assert (await service.check(of_cookie(cookie), "analytics", gpc=True))["reason"] == "refused"


@pytest.mark.rule("C16")
async def test_the_service_says_that_it_honours_the_signal(service: Running) -> None:
    """The denial is announced at the address that the specification of GPC names."""
    answer = await service.http.get("/.well-known/gpc.json")
    told = succeeded(answer)
    assert answer.headers["content-type"] == "application/json"
    assert told.keys() == {"gpc", "lastUpdate"}
    assert told["gpc"] is True
    assert date.fromisoformat(told["lastUpdate"])
