"""The rules of time: late events, equal times, wrong clocks, expiry; over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.consenting import DAY, HOUR, NOON, YEAR, of_cookie, text, visitor, written
from tests.folding import folded, projected
from tests.running import Running, customer, refused, succeeded


async def protect(service: Running, subject: dict[str, str], how: str, now: datetime) -> None:
    """Say no: by a refusal, or by withdrawing what was given before."""
    if how == "refused":
        succeeded(await service.record(subject, {"analytics": "refused"}, now=text(now)), 201)
    else:
        await service.withdraw(subject, ["analytics"], now=text(now))


@pytest.mark.rule("C11")
@pytest.mark.parametrize("how", ["refused", "withdrawn"])
@pytest.mark.parametrize("method", ["form", "paper", "phone", "import"])
@pytest.mark.parametrize("older", [HOUR, timedelta(0)], ids=["older", "of the same time"])
async def test_a_late_grant_does_not_override(service: Running, how: str, method: str, older: timedelta) -> None:
    """A late-arriving older grant never overrides a refusal or withdrawal; equal times: the protective one wins."""
    subject = customer()
    await service.give(subject, "analytics", now=text(NOON - DAY))
    await protect(service, subject, how, NOON)
    late = {"collected_at": text(NOON - older), "method": method}
    recorded = await service.give(subject, "analytics", now=text(NOON + HOUR), **late)
    assert recorded["records"][0]["effective_at"] == text(NOON - older)
    verdict = await service.check(subject, "analytics", now=text(NOON + HOUR))
    assert (verdict["allowed"], verdict["reason"]) == (False, how)
    await service.give(subject, "analytics", now=text(NOON + 2 * HOUR))
    assert (await service.check(subject, "analytics", now=text(NOON + 2 * HOUR)))["allowed"]


@pytest.mark.rule("C11")
async def test_at_equal_times_the_order_of_arrival_does_not_matter(service: Running) -> None:
    """Equal times: the protective one wins, whichever came first."""
    first, last = customer("protective first"), customer("protective last")
    succeeded(await service.record(first, {"analytics": "refused"}, now=text(NOON)), 201)
    await service.give(first, "analytics", now=text(NOON))
    await service.give(last, "analytics", now=text(NOON))
    succeeded(await service.record(last, {"analytics": "refused"}, now=text(NOON)), 201)
    for subject in (first, last):
        assert (await service.check(subject, "analytics", now=text(NOON)))["reason"] == "refused"


@pytest.mark.rule("C11")
@pytest.mark.parametrize("method", ["banner", "preference_center", "form", "api", "dismiss"])
@pytest.mark.parametrize("skew", [-400 * DAY, -HOUR, HOUR, 400 * DAY], ids=["very slow", "slow", "fast", "very fast"])
async def test_a_browser_with_a_wrong_clock_still_refuses(service: Running, skew: timedelta, method: str) -> None:
    """A slow or fast client clock changes neither a refusal nor a withdrawal: it takes effect when it is recorded."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    wrong = text(datetime.now(UTC) + skew)
    no = grant | {"decisions": {"analytics": "refused"}, "collected_at": wrong, "method": method}
    record = succeeded(await service.browse("/v1/consents", no, cookie=cookie), 201)["records"][0]
    assert record["effective_at"] == record["recorded_at"]
    assert (await service.check(of_cookie(cookie), "analytics"))["reason"] == "refused"


@pytest.mark.rule("C11")
@pytest.mark.parametrize("how", ["refused", "withdrawn"])
@pytest.mark.parametrize("served", [4 * DAY, HOUR], ids=["days before", "an hour before"])
@pytest.mark.parametrize("older", [DAY, HOUR, timedelta(0)], ids=["a day", "an hour", "of the same time"])
async def test_a_late_packet_of_a_page_does_not_override(
    service: Running, how: str, served: timedelta, older: timedelta
) -> None:
    """A late-arriving older grant never overrides a refusal or withdrawal, also one that a page held back for days."""
    said_no = datetime.now(UTC) - 2 * DAY
    cookie, grant = await visitor(service, now=text(said_no - served))
    await service.give(of_cookie(cookie), "analytics", now=text(said_no - 5 * DAY))
    await protect(service, of_cookie(cookie), how, said_no)
    late = grant | {"collected_at": text(said_no - older)}
    record = succeeded(await service.browse("/v1/consents", late, cookie=cookie), 201)["records"][0]
    assert record["effective_at"] == text(said_no - min(older, served))
    verdict = await service.check(of_cookie(cookie), "analytics")
    assert (verdict["allowed"], verdict["reason"]) == (False, how)


@pytest.mark.rule("C11")
async def test_a_grant_on_a_notice_shown_since_overrides(service: Running) -> None:
    """What is not older is not held back: however slow a clock, a grant on a notice that was shown later counts."""
    cookie, grant = await visitor(service)
    said_no = datetime.now(UTC) - HOUR
    await service.give(of_cookie(cookie), "analytics", now=text(said_no - DAY))
    await service.withdraw(of_cookie(cookie), ["analytics"], now=text(said_no))
    slow = grant | {"collected_at": text(said_no - YEAR)}
    succeeded(await service.browse("/v1/consents", slow, cookie=cookie), 201)
    assert (await service.check(of_cookie(cookie), "analytics"))["allowed"]


@pytest.mark.rule("C11")
@pytest.mark.parametrize("decision", ["given", "refused"])
@pytest.mark.parametrize("method", ["paper", "phone", "import"])
async def test_a_browser_collects_nothing_elsewhere(service: Running, method: str, decision: str) -> None:
    """A wrong client clock changes neither: only a server dates a decision by saying that it was made elsewhere."""
    cookie, grant = await visitor(service)
    elsewhere = grant | {"decisions": {"analytics": decision}, "method": method}
    answer = await service.browse("/v1/consents", elsewhere, cookie=cookie)
    assert [fault["path"] for fault in refused(answer, 422, "record-refused")["errors"]] == ["$.method"]
    assert await written(service) == (0, 0, 0, 0)


@pytest.mark.rule("C11")
@pytest.mark.parametrize("method", ["banner", "form", "api"])
async def test_a_page_that_refuses_again_is_heard_again(service: Running, method: str) -> None:
    """A slow client clock changes no refusal: one that repeats an earlier one to the letter ends the grant between."""
    cookie, grant = await visitor(service)
    given = grant | {"method": method}
    no = given | {"decisions": {"analytics": "refused"}, "collected_at": text(NOON)}
    for decided in (no, given, no):
        succeeded(await service.browse("/v1/consents", decided, cookie=cookie), 201)
    assert (await service.check(of_cookie(cookie), "analytics"))["reason"] == "refused"
    assert await service.count("ledger_entries") == 2 + len(given["decisions"])


@pytest.mark.rule("C11")
@pytest.mark.parametrize("skew", [-400 * DAY, -DAY, -HOUR, HOUR, 400 * DAY])
async def test_a_browser_with_a_wrong_clock_raises_nothing(service: Running, skew: timedelta) -> None:
    """A slow or fast client clock changes neither: a grant takes effect between its notice and its record."""
    before = datetime.now(UTC)
    cookie, grant = await visitor(service)
    given = grant | {"collected_at": text(datetime.now(UTC) + skew)}
    for record in succeeded(await service.browse("/v1/consents", given, cookie=cookie), 201)["records"]:
        effective_at, recorded_at = (datetime.fromisoformat(record[name]) for name in ("effective_at", "recorded_at"))
        assert before <= effective_at <= recorded_at
    withdrawal = {"purposes": "all", "site": "shop"}
    succeeded(await service.browse("/v1/consents/withdraw", withdrawal, cookie=cookie))
    assert (await service.check(of_cookie(cookie), "analytics"))["reason"] == "withdrawn"


@pytest.mark.rule("C11")
@pytest.mark.parametrize("year", [1970, 2099])
async def test_a_browser_of_another_age_decides_after_its_notice(service: Running, year: int) -> None:
    """A slow or fast client clock changes neither: a grant of 1970 dates from its notice, and one of 2099 from now."""
    served_at = text(datetime.now(UTC) - 3 * DAY)
    cookie, grant = await visitor(service, now=served_at)
    given = grant | {"collected_at": f"{year}-01-01T00:00:00Z"}
    for record in succeeded(await service.browse("/v1/consents", given, cookie=cookie), 201)["records"]:
        assert record["effective_at"] == (served_at if year == 1970 else record["recorded_at"])
    assert (await service.check(of_cookie(cookie), "analytics"))["allowed"]
    refusal = given | {"decisions": {"analytics": "refused"}}
    succeeded(await service.browse("/v1/consents", refusal, cookie=cookie), 201)
    assert (await service.check(of_cookie(cookie), "analytics"))["reason"] == "refused"


@pytest.mark.rule("C23")
async def test_two_tabs_that_decide_at_once_both_count(service: Running) -> None:
    """`state == fold(history)` after two tabs decide at once: both are recorded; at equal times the refusal wins."""
    visitors = [await visitor(service) for _ in range(20)]
    tabs = [
        service.browse("/v1/consents", grant | {"decisions": {"analytics": choice}}, cookie=cookie)
        for cookie, grant in visitors
        for choice in ("given", "refused")
    ]
    records = [succeeded(answer, 201)["records"][0] for answer in await asyncio.gather(*tabs)]
    assert await service.count("ledger_entries") == len({record["entry_id"] for record in records}) == len(tabs)
    for (cookie, _), both in zip(visitors, zip(records[::2], records[1::2], strict=True), strict=True):
        last = max(both, key=lambda record: (record["effective_at"], record["status"] != "given"))
        verdict = await service.check(of_cookie(cookie), "analytics")
        assert (verdict["proof"], verdict["status"]) == (last["entry_id"], last["status"])
    assert await projected(service.database) == await folded(service.database)


@pytest.mark.rule("C11")
@pytest.mark.parametrize("decision", ["given", "refused"])
@pytest.mark.parametrize("method", ["form", "import"])
@pytest.mark.parametrize("when", [NOON + HOUR, datetime(2099, 1, 1, tzinfo=UTC)], ids=["an hour", "an age"])
async def test_a_server_that_dates_in_the_future_is_refused(
    service: Running, decision: str, method: str, when: datetime
) -> None:
    """A fast server clock changes neither: a decision from the future is 422, and nothing is recorded."""
    ahead = {"collected_at": text(when), "method": method}
    answer = await service.record(customer(), {"analytics": decision}, now=text(NOON), **ahead)
    assert [fault["path"] for fault in refused(answer, 422, "record-refused")["errors"]] == ["$.collected_at"]
    assert await written(service) == (0, 0, 0, 0)


@pytest.mark.rule("C11")
async def test_a_consent_on_paper_keeps_its_age(service: Running) -> None:
    """A late-arriving older grant is an older grant: what was signed years ago has expired."""
    old = {"method": "paper", "collected_at": text(NOON - 2 * YEAR)}
    record = (await service.give(customer(), "analytics", now=text(NOON), **old))["records"][0]
    assert (record["effective_at"], record["valid_until"]) == (text(NOON - 2 * YEAR), text(NOON - YEAR))
    assert (await service.check(customer(), "analytics", now=text(NOON)))["reason"] == "expired"


@pytest.mark.rule("C12")
async def test_the_boundary_instant_is_expired(service: Running) -> None:
    """Expiry is judged at read; the boundary instant is expired."""
    given = await service.give(customer(), "analytics", now=text(NOON))
    assert given["records"][0]["valid_until"] == text(NOON + YEAR)
    instant = timedelta(microseconds=1)
    for now, reason in ((NOON, "consent_given"), (NOON + YEAR - instant, "consent_given"), (NOON + YEAR, "expired")):
        verdict = await service.check(customer(), "analytics", now=text(now))
        assert (verdict["reason"], verdict["allowed"]) == (reason, reason == "consent_given")
        assert verdict["proof"] == given["records"][0]["entry_id"]
    assert await service.count("ledger_entries") == 1


@pytest.mark.rule("C12")
async def test_expiry_is_judged_by_every_read(service: Running) -> None:
    """Expiry is judged at read: batch, decision, touchpoint and position find the same instant expired."""
    subject = customer()
    await service.give(subject, "personalization", "analytics", now=text(NOON))
    for now, expired in ((NOON + YEAR - timedelta(microseconds=1), False), (NOON + YEAR, True)):
        batch = {"checks": [{"subject": subject, "purposes": ["personalization"]}]}
        results = succeeded(await service.post("/v1/consents/check/batch", batch, now=text(now)))["results"]
        assert results[0]["results"]["personalization"]["allowed"] != expired
        outcome = await service.touch(subject, "purchase", text(now - HOUR), now=text(now))
        assert outcome == ({"outcome": "dropped", "reason": "expired"} if expired else {"outcome": "stored"})
        assert ((await service.decide(subject, "home_hero", now=text(now)))[0]["mode"] != "profiled") == expired
        position = await service.post("/v1/journeys/position", {"subject": subject}, now=text(now))
        assert position.status_code == (403 if expired else 200)


@pytest.mark.rule("C11")
@pytest.mark.parametrize("no", ["refused", "withdrawn", "objected"])
async def test_a_no_counts_although_the_clock_was_set_back(service: Running, no: str) -> None:
    """A clock that jumps back changes neither: who says no after a grant that is dated in the future has said no."""
    subject, ahead = customer(), datetime.now(UTC) + 2 * HOUR
    await service.give(subject, "marketing_email", now=text(ahead))
    assert (await service.check(subject, "marketing_email"))["allowed"]
    if no == "objected":
        succeeded(await service.post("/v1/objections", {"subject": subject, "purposes": ["marketing_email"]}), 201)
    elif no == "refused":
        succeeded(await service.record(subject, {"marketing_email": "refused"}), 201)
    else:
        await service.withdraw(subject, ["marketing_email"])
    for now in (None, text(ahead + HOUR)):
        verdict = await service.check(subject, "marketing_email", now=now)
        assert (verdict["allowed"], verdict["reason"]) == (False, no)
    given = await service.give(subject, "marketing_email")
    assert given["records"][0]["recorded_at"] > text(ahead)
    again = await service.check(subject, "marketing_email", now=text(ahead + HOUR))
    assert again["allowed"] == (no != "objected")  # which outweighs a yes until the clock is beyond it
