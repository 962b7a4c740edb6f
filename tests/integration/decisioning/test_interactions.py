"""Interactions over HTTP: how many at once, what is refused, and what is stored of them."""

import asyncio
from datetime import datetime
from typing import Any

from tests.consenting import DAY, HOUR, NOON, text
from tests.filing import data, package
from tests.reporting import INTERACTIONS, happened, learnt, report, shown
from tests.running import Running, customer, refused, succeeded
from tests.visiting import walk

NOW, LATER = text(NOON), text(NOON + DAY)
ADA, BOB = customer("ada-marker"), customer("bob-marker")


async def told(service: Running, subject: dict[str, str] = ADA, at: datetime = NOON) -> str:
    """Let somebody agree to everything and search; returns the token of the offer that is shown to them then."""
    await walk(service, subject, events=["search"], at=at)
    return await shown(service, subject, now=text(at))


async def test_five_hundred_in_one_call(service: Running) -> None:
    """Five hundred are answered in one call; one more is refused, and nothing of it is stored."""
    tokens = [await told(service, subject) for subject in (ADA, BOB)]
    most = [happened(tokens[n % 2], ("click", "impression")[n // 2 % 2], NOW) for n in range(500)]
    outcomes = succeeded(await service.post(INTERACTIONS, {"interactions": most}, now=NOW))["outcomes"]
    assert [outcome["outcome"] for outcome in outcomes] == ["stored"] * 4 + ["duplicate"] * 496
    more = [*most, happened(tokens[0], "dismissal")]
    problem = refused(await service.post(INTERACTIONS, {"interactions": more}, now=NOW), 422, "invalid-body")
    assert problem["errors"][0]["path"] == "$.interactions"
    refused(await service.post(INTERACTIONS, {"interactions": []}, now=NOW), 422, "invalid-body")
    assert await service.count("interactions") == 4


async def test_repeating_a_call_with_its_key_changes_nothing(service: Running) -> None:
    """The same Idempotency-Key gets the first answer again; with another body it is a conflict."""
    token = await told(service)
    headers = {"Idempotency-Key": "call-1"}
    body = {"interactions": [happened(token, "click"), happened("forged", "click")]}
    first, second = [await service.post(INTERACTIONS, body, now=NOW, headers=headers) for _ in range(2)]
    assert succeeded(first) == succeeded(second)
    assert succeeded(first)["outcomes"][0] == {"outcome": "stored"}
    other = {"interactions": [happened(token, "impression")]}
    refused(await service.post(INTERACTIONS, other, now=NOW, headers=headers), 409, "idempotency-conflict")
    assert await service.count("interactions") == 1


async def test_visitors_of_a_site_have_keys_of_their_own(service: Running) -> None:
    """Two visitors who share a page's key and choose the same Idempotency-Key do not get each other's answer."""
    headers = {"Idempotency-Key": "page-load"}
    for subject in (ADA, BOB):
        await walk(service, subject, events=["search"])
        body = {"interactions": [happened(await shown(service, subject), "click")]}
        answer = await service.browse(INTERACTIONS, body, headers=headers)
        assert succeeded(answer) == {"outcomes": [{"outcome": "stored"}]}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"occurred_at": text(NOON + DAY + HOUR)}, "interaction-refused", ".occurred_at"),
    ({"occurred_at": text(NOON - HOUR)}, "interaction-refused", ".occurred_at"),
    ({"occurred_at": "2026-03-01T12:00:00"}, "invalid-body", ".occurred_at"),
    ({"event": "planted"}, "invalid-body", ".event"),
    ({"event": "CLICK"}, "invalid-body", ".event"),
    ({"token": ""}, "invalid-body", ".token"),
    ({"token": "planted" * 1000}, "invalid-body", ".token"),
    ({"token": None}, "invalid-body", ".token"),
    ({"subject": ADA}, "invalid-body", ""),
]
"""What is wrong with an interaction, the problem, and the place to which it points."""


async def test_one_wrong_interaction_refuses_the_call(service: Running) -> None:
    """A 4xx that names the place and repeats nothing that was sent; nothing of the call is stored."""
    good = happened(await told(service), "click", NOW)
    for wrong, slug, path in WRONG:
        body = {"interactions": [good, good | wrong]}
        problem = refused(await service.post(INTERACTIONS, body, now=LATER), 422, slug)
        (fault,) = problem["errors"]
        assert fault["path"] == f"$.interactions[1]{path}"
        assert "planted" not in str(problem), wrong
    assert await service.count("interactions") == 0


async def test_a_caller_without_the_scope_is_refused(service: Running) -> None:
    """It is the scope of decisions that reports what became of them."""
    body = {"interactions": [happened(await told(service), "click")]}
    refused(await service.post(INTERACTIONS, body, key=await service.key("journey:write")), 403, "forbidden")
    assert succeeded(await service.post(INTERACTIONS, body, key=await service.key("decisions")))


async def test_the_same_decision_at_once_is_counted_once(service: Running) -> None:
    """Impression and click that are reported at once, many times, are one of each, and the offer was shown once."""
    token = await told(service)
    events = ["impression", "click"] * 10
    outcomes = await asyncio.gather(*(report(service, token, event, now=NOW) for event in events))
    assert sorted(outcome for (outcome,) in outcomes) == ["duplicate"] * 18 + ["stored"] * 2
    assert list((await learnt(service)).values()) == [(1, 1)]


async def test_the_person_is_told_of_them(service: Running) -> None:
    """The access package lists what they did, and whether it counts."""
    await report(service, await told(service), "impression", "dismissal", now=NOW)
    kept = data(await package(service, ADA, now=NOW))
    found = kept["subjects"][0]["tables"]["interactions"]
    assert {row["event"]: row["shown"] for row in found} == {"impression": True, "dismissal": False}


COUNTED = "SELECT cap, n, purposes FROM cap_counters WHERE n > 0 ORDER BY cap"


async def test_caps_count_what_became_of_a_decision(service: Running) -> None:
    """Eight impressions of an offer in a day, each counted once and by the purposes of its decision, are enough."""
    await walk(service, ADA, events=["search"], at=NOON)
    for _ in range(8):
        (decision,) = await service.decide(ADA, "home_hero", now=NOW)
        assert decision["offer"]["id"] == "guide-headphones"
        await report(service, decision["token"], "impression", "impression", "click", at=NOW, now=NOW)
    counters = await service.database.fetch(COUNTED)
    assert [tuple(row) for row in counters] == [("same-offer:guide-headphones", 8, ["personalization"])]
    (decision,) = await service.decide(ADA, "home_hero", now=NOW)
    assert decision["offer"]["id"] != "guide-headphones"
    (tomorrow,) = await service.decide(ADA, "home_hero", now=LATER)
    assert tomorrow["offer"]["id"] == "guide-headphones"


async def test_a_late_impression_counts_on_the_day_on_which_it_was(service: Running) -> None:
    """What is reported a day late fills the counter of the day before."""
    token = await told(service)
    await report(service, token, "impression", at=NOW, now=LATER)
    starts = await service.database.fetch("SELECT window_start FROM cap_counters WHERE n > 0")
    assert [text(row["window_start"]) for row in starts] == ["2026-02-28T23:00:00Z"]


async def test_a_counter_starts_again_with_a_new_consent(service: Running) -> None:
    """A withdrawal deletes the counters that rest on it, so that what is counted later does not add to them."""
    await report(service, await told(service), "impression", now=NOW)
    await service.withdraw(ADA, ["personalization"], now=NOW)
    assert await service.count("cap_counters") == 0
    await report(service, await told(service, at=NOON + HOUR), "impression", now=LATER)
    assert [row["n"] for row in await service.database.fetch(COUNTED)] == [1]
