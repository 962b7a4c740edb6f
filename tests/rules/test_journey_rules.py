"""The rules of the journey, over HTTP: touchpoints are kept with consent alone; the same ones give the same stage."""

import asyncio
from random import Random
from typing import Any

import pytest

from tests.consenting import DAY, HOUR, NOON, text
from tests.running import Running, contact, customer, refused
from tests.visiting import KEEPING, REASONS, leave

NOW = text(NOON)
LATER = text(NOON + HOUR)
ADA = customer("ada-marker")
POSITION = "/v1/journeys/position"


@pytest.mark.rule("D8")
@pytest.mark.parametrize("reason", REASONS)
async def test_touchpoints_without_consent_are_not_stored(service: Running, reason: str) -> None:
    """Touchpoints without consent are not stored; the outcome says so, with the reason that a check would give."""
    await leave(service, ADA, reason)
    before = await service.count("touchpoints")
    outcome = await service.touch(ADA, "purchase", NOW, now=NOW, id="order-1", properties={"product": "p-1"})
    assert outcome == {"outcome": "dropped", "reason": reason}
    assert (await service.check(ADA, "personalization", now=NOW))["reason"] == reason
    assert await service.count("touchpoints") == before
    if reason == "unknown":
        assert [await service.count(table) for table in ("lookups", "subjects", "ledger_entries")] == [0, 0, 0]


@pytest.mark.rule("D8")
@pytest.mark.parametrize("reason", REASONS)
async def test_what_is_counted_instead_names_nobody(service: Running, reason: str) -> None:
    """Where the bundle counts what nobody allows to keep, one number grows, and nothing says whose contact it was."""
    await leave(service, ADA, reason)
    before = await service.contents()
    outcome = await service.touch(ADA, "ad_impression", NOW, channel="ads", now=NOW, id="ada-marker", sentiment=1)
    assert outcome == {"outcome": "counted", "reason": reason}
    assert await service.contents() == before | {"touchpoint_counts": 1}
    columns = await service.database.fetchrow("SELECT * FROM touchpoint_counts")
    assert dict(columns) == {"day": NOON.date(), "event": "ad_impression", "channel": "ads", "n": 1}


@pytest.mark.rule("D8")
async def test_consent_for_what_keeps_no_touchpoints_keeps_none(service: Running) -> None:
    """A grant for another purpose, or a contract, is no consent for this one."""
    await service.give(ADA, "marketing_email", "model_training", now=NOW)
    assert (await service.check(ADA, "service", now=NOW))["allowed"]
    assert await service.touch(ADA, "purchase", NOW, now=NOW) == {"outcome": "dropped", "reason": "unknown"}
    assert await service.count("touchpoints") == 0


@pytest.mark.rule("D8")
async def test_each_touchpoint_goes_by_the_consent_of_its_own_subject(service: Running) -> None:
    """In one call what may be kept is kept and the rest is dropped; the outcomes are in order."""
    people = {"stored": ADA} | {reason: customer(f"{reason}-marker") for reason in REASONS}
    await service.give(ADA, "personalization", now=NOW)
    for reason in REASONS:
        await leave(service, people[reason], reason)
    before = await service.count("touchpoints")
    asked = Random(1).sample([*people] * 20, 100)  # noqa: S311 - a seeded order
    outcomes = await service.touch_all([contact(people[name], "search", NOW) for name in asked], now=NOW)
    assert [outcome.get("reason", outcome["outcome"]) for outcome in outcomes] == asked
    assert await service.count("touchpoints") == before + 20


@pytest.mark.rule("D8")
async def test_what_was_stored_is_unreadable_at_once_after_a_withdrawal(service: Running) -> None:
    """After a withdrawal nothing that was kept is read again, and only what comes after a new grant counts anew."""
    await service.give(ADA, "personalization", now=NOW)
    await service.touch(ADA, "search", NOW, now=NOW)
    assert (await service.position(ADA, now=NOW))["stage"] == "think"
    await service.withdraw(ADA, ["personalization"], now=LATER)
    refused(await service.post(POSITION, {"subject": ADA}, now=LATER), 403, "consent-required")
    assert await service.touch(ADA, "search", NOW, now=LATER) == {"outcome": "dropped", "reason": "withdrawn"}
    again = text(NOON + 2 * HOUR)
    await service.give(ADA, "personalization", now=again)
    empty = {"stage": None, "since": None, "evidence": {}, "previous": None}
    assert await service.position(ADA, now=again) == empty
    (decision,) = await service.decide(ADA, "home_hero", now=again)
    assert (decision["mode"], decision["stage"]) == ("fallback", None)
    assert (await service.touch(ADA, "add_to_cart", again, now=again))["outcome"] == "stored"
    assert (await service.position(ADA, now=again))["evidence"] == {"do": 5.0}


@pytest.mark.rule("D8")
async def test_a_touchpoint_is_kept_for_the_purposes_that_allow_it_alone(service: Running) -> None:
    """What was kept for one purpose does not become readable when another is granted later."""
    await service.give(ADA, "analytics", now=NOW)
    assert (await service.touch(ADA, "search", NOW, now=NOW))["outcome"] == "stored"
    refused(await service.post(POSITION, {"subject": ADA}, now=NOW), 403, "consent-required")
    await service.give(ADA, "personalization", now=LATER)
    assert (await service.position(ADA, now=LATER))["stage"] is None
    await service.touch(ADA, "checkout", LATER, now=LATER)
    assert (await service.position(ADA, now=LATER))["evidence"] == {"do": 6.0}
    rows = await service.database.fetch("SELECT purposes FROM touchpoints ORDER BY recorded_at")
    assert [row["purposes"] for row in rows] == [["analytics"], ["analytics", "personalization"]]


@pytest.mark.rule("D8")
async def test_no_touchpoint_in_flight_outlives_a_withdrawal(service: Running) -> None:
    """However calls cross, nothing is kept after a withdrawal that was recorded before it or comes after it."""
    for turn in range(5):
        person = customer(f"racing-{turn}")
        await service.give(person, *KEEPING)
        calls = [service.touch(person, "search", NOW) for _ in range(12)]
        *outcomes, _ = await asyncio.gather(*calls, service.withdraw(person))
        assert {outcome["outcome"] for outcome in outcomes} <= {"stored", "dropped"}
        assert await service.touch(person, "search", NOW) == {"outcome": "dropped", "reason": "withdrawn"}
        assert await service.count("touchpoints") == 0


WALK = [
    ("ad_impression", "social", -40 * DAY),
    ("search", "web", -38 * DAY),
    ("view_product", "web", -38 * DAY),
    ("view_product", "app", -37 * DAY),
    ("add_to_cart", "web", -20 * DAY),
    ("read_story", "web", -20 * DAY),
    ("checkout", "web", -19 * DAY),
    ("purchase", "web", -19 * DAY),
    ("purchase", "shop", -12 * DAY),
    ("delivery", "web", -12 * DAY),
    ("search", "web", -2 * DAY),
    ("compare", "web", -2 * DAY),
    ("compare", "web", -DAY),
    ("no_rule_speaks_of_this", "crm", -DAY),
    ("purchase", "web", -400 * DAY),
    ("demo_request", "support", -3 * HOUR),
]
"""A walk back and forth, with contacts at one instant, one long expired and one that is evidence for nothing."""


@pytest.mark.rule("D9")
async def test_the_same_events_give_the_same_stage(service: Running) -> None:
    """Same events in any order and batching: same stage, at every later time."""
    places: set[str] = set()
    draw = Random(20260301)  # noqa: S311 - the same
    for turn in range(12):
        walker = customer(f"walker-{turn}")
        await service.give(walker, "personalization", now=NOW)
        walk = WALK if turn == 0 else draw.sample(WALK, len(WALK))
        contacts = [
            contact(walker, event, text(NOON + when), channel=channel, id=f"{event}-{channel}-{when}")
            for event, channel, when in walk
        ]
        while contacts:
            batch = [contacts.pop() for _ in range(min(draw.randint(1, 6), len(contacts)))]
            again = batch[: draw.randint(0, 2)]
            outcomes = await service.touch_all([*batch, *again], now=NOW)
            assert [o["outcome"] for o in outcomes] == ["stored"] * len(batch) + ["duplicate"] * len(again)
        asked = [NOON, NOON + DAY, NOON + 100 * DAY, NOON + 179 * DAY]
        places.add(str([await service.position(walker, now=text(when)) for when in asked]))
    (place,) = places
    assert "'stage': 'think'" in place


JOURNEYS = ("see-think-do-care", "aida", "five-phases")
EVENTS = sorted({event for event, _, _ in WALK} | {"review", "onboarding", "relationship_ended"})
CHANNELS = ("web", "shop", "crm")


@pytest.mark.rule("D9")
async def test_any_events_in_any_calls_at_once_give_one_place(service: Running) -> None:
    """Whatever happened, however it is cut into calls that cross, alone or with others': one place in each journey."""
    draw = Random(20261124)  # noqa: S311 - the same
    asked = [text(NOON), text(NOON + 60 * DAY), text(NOON + 170 * DAY)]
    for turn in range(6):
        happened = [
            (draw.choice(EVENTS), draw.choice(CHANNELS), -draw.randrange(24 * 200) * HOUR)
            for _ in range(draw.randint(1, 25))
        ]
        people = [customer(f"walker-{turn}-{name}") for name in ("one", "two", "three")]
        for person in people:
            await service.give(person, "personalization", now=NOW)
        contacts = [
            contact(person, event, text(NOON + when), channel=channel)
            for person in people
            for event, channel, when in happened
        ]
        draw.shuffle(contacts)
        calls: list[list[dict[str, Any]]] = []
        while contacts:
            calls.append([contacts.pop() for _ in range(min(draw.choice([1, 1, 2, 30]), len(contacts)))])
        await asyncio.gather(*(service.touch_all(call, now=NOW) for call in calls))
        assert await service.count("touchpoints") > 0
        for journey in JOURNEYS:
            places = [[await service.position(p, journey=journey, now=when) for when in asked] for p in people]
            assert places[0] == places[1] == places[2], (journey, happened)
