"""Touchpoints that nobody allows to keep, on a channel that counts: how many there were, and nothing of whose."""

import asyncio
from typing import Any

import pytest

from tests.consenting import DAY, NOON, text, visitor
from tests.running import Running, contact, customer, refused, succeeded
from tests.visiting import KEEPING

NOW = text(NOON)
ADA, BOB = customer("ada-marker"), customer("bob-marker")
VIEW = {"event": "ad_impression", "channel": "ads", "occurred_at": NOW}
COUNTED = {"outcome": "counted", "reason": "unknown"}
DROPPED = {"outcome": "dropped", "reason": "unknown"}


async def counts(service: Running) -> list[tuple[Any, ...]]:
    """Every count there is."""
    rows = await service.database.fetch("SELECT day::text, event, channel, n FROM touchpoint_counts ORDER BY 1, 2, 3")
    return [tuple(row) for row in rows]


async def browsed(service: Running, *touchpoints: Any, **more: Any) -> list[dict[str, Any]]:
    """What became of touchpoints that a page told."""
    answer = await service.browse("/v1/touchpoints", {"touchpoints": list(touchpoints)}, **more)
    return succeeded(answer)["outcomes"]


async def test_the_day_is_that_of_the_contact(service: Running) -> None:
    """Counts are by day in UTC, event and channel; what is kept is not counted as well."""
    await service.give(BOB, *KEEPING, now=NOW)
    told = [
        contact(ADA, "ad_impression", NOW, channel="ads"),
        contact(ADA, "ad_impression", "2026-03-01T00:30:00+01:00", channel="ads"),
        contact(ADA, "ad_impression", NOW, channel="ads"),
        contact(ADA, "social_view", NOW, channel="social"),
        contact(BOB, "ad_impression", NOW, channel="ads"),
    ]
    outcomes = await service.touch_all(told, now=NOW)
    assert outcomes == [COUNTED] * 4 + [{"outcome": "stored"}]
    assert await counts(service) == [
        ("2026-02-28", "ad_impression", "ads", 1),
        ("2026-03-01", "ad_impression", "ads", 2),
        ("2026-03-01", "social_view", "social", 1),
    ]


async def test_only_events_that_a_journey_names_are_counted(service: Running) -> None:
    """A name from outside could name somebody: one that the bundle does not know is dropped, also on such a channel."""
    told = [
        contact(ADA, event, NOW, channel="ads")
        for event in ("visit-of-ada", "relationship_ended", "purchase", "search")
    ]
    outcomes = await service.touch_all(told, now=NOW)
    assert outcomes == [DROPPED, COUNTED, COUNTED, COUNTED]
    assert "ada" not in str(await counts(service))


async def test_visitors_without_a_cookie_are_counted(service: Running) -> None:
    """Who gave no consent has no cookie: a page may tell their contacts on a channel that counts, and only there."""
    assert await browsed(service, VIEW, VIEW) == [COUNTED] * 2
    cookie, _ = await visitor(service)
    assert await browsed(service, VIEW, cookie=cookie) == [COUNTED]
    assert (await counts(service))[0][-1] == 3
    refused(
        await service.browse("/v1/touchpoints", {"touchpoints": [VIEW, {**VIEW, "channel": "web"}]}),
        422,
        "subject-missing",
    )
    refused(await service.post("/v1/touchpoints", {"touchpoints": [VIEW]}, now=NOW), 422, "subject-missing")
    assert (await counts(service))[0][-1] == 3


async def test_who_says_no_to_more_is_not_even_counted(service: Running) -> None:
    """The signal of GPC, an objection and a restriction mean more than that nothing is remembered."""
    assert await browsed(service, VIEW, headers={"Sec-GPC": "1"}) == [DROPPED]
    objection = {"subject": ADA, "purposes": list(KEEPING)}
    succeeded(await service.post("/v1/objections", objection, now=NOW), 201)
    await service.give(BOB, *KEEPING, now=NOW)
    restriction = await service.post("/v1/restrictions", {"subject": BOB}, key=service.officers[0])
    succeeded(restriction, 201)
    for person, reason in ((ADA, "objected"), (BOB, "restricted")):
        outcome = await service.touch(person, "ad_impression", NOW, channel="ads", now=NOW)
        assert outcome == {"outcome": "dropped", "reason": reason}
    assert await counts(service) == []


@pytest.mark.parametrize("size", [1, 30], ids=["calls that share a transaction", "calls of their own"])
async def test_many_who_count_at_once_count_right(service: Running, size: int) -> None:
    """However calls cross, none waits for another in a circle and no contact is lost."""
    days = [text(NOON - n * DAY) for n in range(5)]
    told = [contact(ADA, "ad_impression", day, channel="ads") for day in days] * size
    calls = [service.touch_all(told if turn % 2 else told[::-1], now=NOW) for turn in range(20)]
    assert all(outcome == COUNTED for outcomes in await asyncio.gather(*calls) for outcome in outcomes)
    assert [n for *_, n in await counts(service)] == [20 * size] * 5


async def test_a_repeated_call_counts_once(service: Running) -> None:
    """Of what is counted no id is kept, so the same contact told twice is two; the same call, by its key, is one."""
    body = {"touchpoints": [contact(ADA, "ad_impression", NOW, channel="ads", id="view-1")]}
    for _ in range(2):
        succeeded(await service.post("/v1/touchpoints", body, now=NOW, headers={"Idempotency-Key": "call-1"}))
    assert (await counts(service))[0][-1] == 1
    succeeded(await service.post("/v1/touchpoints", body, now=NOW))
    assert (await counts(service))[0][-1] == 2
