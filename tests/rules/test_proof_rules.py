"""The proof of decisions, over HTTP: what allowed them is in the ledger, held at their time and is stored with them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.subjects.store import lock
from tests.consenting import DAY, NOON, ON_CONSENT, YEAR, text, visitor
from tests.running import Running, customer, succeeded
from tests.visiting import CONTEXT, PLACEMENTS, browse, waited_for, walk

NOW = text(NOON)
ADA, BOB = customer("ada-marker"), customer("bob-marker")

NOT_PROVEN = """
SELECT count(*)
FROM decisions d CROSS JOIN unnest(d.purposes) AS p (purpose)
WHERE p.purpose <> 'service' AND NOT EXISTS (
    SELECT FROM ledger_entries e
    WHERE e.subject_id = d.subject_id AND e.entry_id = ANY(d.proof) AND e.kind = 'consent'
        AND e.payload ->> 'purpose' = p.purpose AND e.payload ->> 'status' = 'given'
        AND e.effective_at <= d.decided_at AND e.recorded_at <= d.decided_at
        AND (e.payload ->> 'valid_until')::timestamptz > d.decided_at
        AND NOT EXISTS (
            SELECT FROM ledger_entries later
            WHERE later.subject_id = d.subject_id AND later.payload ->> 'purpose' = p.purpose
                AND later.effective_at >= e.effective_at AND later.entry_id <> e.entry_id
                AND later.recorded_at <= d.decided_at
        )
)
"""
"""Purposes of stored decisions of which no named entry was the last word, and a valid grant, at the decision's time."""


async def _stored(service: Running) -> dict[str, dict[str, Any]]:
    """Every stored decision by its id."""
    return {str(row["decision_id"]): dict(row) for row in await service.database.fetch("SELECT * FROM decisions")}


@pytest.mark.rule("D4")
async def test_a_decision_names_what_allowed_it(service: Running) -> None:
    """Each profiled decision names the ledger entries that allowed it, one for each purpose it used, and no others."""
    await walk(service, BOB)
    await walk(service, ADA, events=["purchase"], at=NOON)
    proof = {purpose: (await service.check(ADA, purpose, now=NOW))["proof"] for purpose in ON_CONSENT}
    home, letter = await service.decide(ADA, "home_hero", "newsletter_slot", now=NOW)
    assert home["proof"] == [proof["personalization"]]
    assert letter["offer"]["id"] == "newsletter-picks"
    assert sorted(letter["proof"]) == sorted([proof["personalization"], proof["marketing_email"]])
    assert await service.database.fetchval(NOT_PROVEN) == 0


@pytest.mark.rule("D4")
async def test_the_proof_is_that_of_the_consent_in_force(service: Running) -> None:
    """After a withdrawal and a new grant the new entry is named; the old decision keeps the old one."""
    await walk(service, ADA, events=["search"])
    (first,) = await service.decide(ADA, "home_hero")
    await service.withdraw(ADA)
    await walk(service, ADA, events=["search"])
    (second,) = await service.decide(ADA, "home_hero")
    assert first["proof"] != second["proof"] == [(await service.check(ADA, "personalization"))["proof"]]
    stored = await _stored(service)
    assert [stored[d["decision_id"]]["proof"] for d in (first, second)] == [
        [UUID(*d["proof"])] for d in (first, second)
    ]
    assert await service.database.fetchval(NOT_PROVEN) == 0


@pytest.mark.rule("D4")
async def test_a_decision_is_stored_before_it_is_answered(service: Running) -> None:
    """The row of a profiled decision is there when its answer is, and says the same; the others are in no table."""
    await walk(service, ADA, events=["search", "view_product", "purchase"], at=NOON)
    decisions = await service.decide(ADA, *PLACEMENTS, now=text(NOON + DAY), context=CONTEXT)
    profiled = {d["decision_id"]: d for d in decisions if d["mode"] == "profiled"}
    stored = await _stored(service)
    assert len(profiled) == 4
    assert stored.keys() == profiled.keys()
    assert [d["decision_id"] for d in decisions if d["mode"] != "profiled"] == [None]
    for decision_id, decision in profiled.items():
        row = stored[decision_id]
        answered = ("placement", "mode", "reason", "stage", "propensity", "bundle")
        assert {name: row[name] for name in answered} == {name: decision[name] for name in answered}
        assert (row["offer"], row["site"], row["propensity"]) == (decision["offer"]["id"], "shop", 1.0)
        assert [str(entry) for entry in row["proof"]] == decision["proof"]
        assert row["bundle"] == service.desks.policy.current.digest
        assert row["decided_at"] == NOON + DAY


@pytest.mark.rule("D4")
async def test_an_offer_of_the_page_can_win_a_profiled_decision(service: Running) -> None:
    """Where a person's data was looked at, the decision is profiled, proven and stored, whichever offer won."""
    await walk(service, ADA, events=["purchase"], at=NOON - 200 * DAY)
    (decision,) = await service.decide(ADA, "product_sidebar", now=NOW, context=CONTEXT)
    assert (decision["offer"]["id"], decision["mode"]) == ("turntable-setup", "profiled")
    assert (await _stored(service)).keys() == {decision["decision_id"]}
    assert await service.database.fetchval(NOT_PROVEN) == 0


@pytest.mark.rule("D4")
async def test_what_a_decision_was_made_on_is_stored_with_its_purposes(service: Running) -> None:
    """Only what the placement's own offers read is kept, each value with the purpose it served, and sealed."""
    await walk(service, ADA, events=["search", "view_product"], at=NOON)
    decisions = await service.decide(ADA, "product_sidebar", "cart_banner", now=NOW, context=CONTEXT)
    stored = await _stored(service)
    inputs: list[dict[str, tuple[Any, str | None]]] = []
    for decision in decisions:
        row = stored[decision["decision_id"]]
        assert b"think" not in row["inputs"]
        opened = msgspec.json.decode(
            service.desks.subjects.open("decisions", "inputs", row["subject_id"], row["inputs"])
        )
        inputs.append({name: (said["value"], said["purpose"]) for name, said in opened["facts"].items()})
    both = {"stage": ("think", "personalization"), "lifetime_orders": (0.0, "personalization")}
    assert inputs[0] == both | {
        "product_views": (1.0, "personalization"),
        "device": ("mobile", None),
        "page_category": ("turntables", None),
    }
    assert inputs[1] == both | {"cart_value": (4000, None)}


@pytest.mark.rule("D4")
async def test_a_visitor_s_decision_is_proven_by_their_own_consent(service: Running) -> None:
    """A browser's profiled decision names the entry that its own cookie's subject recorded."""
    cookie, grant = await visitor(service)
    recorded = succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)["records"]
    entry = next(record["entry_id"] for record in recorded if record["purpose"] == "personalization")
    own = {"touchpoints": [{"event": "search", "channel": "web", "occurred_at": text(datetime.now(UTC))}]}
    succeeded(await service.browse("/v1/touchpoints", own, cookie=cookie))
    (decision,) = await browse(service, cookie, "home_hero")
    assert (decision["mode"], decision["proof"]) == ("profiled", [entry])
    assert await service.database.fetchval(NOT_PROVEN) == 0


async def _overtaken(service: Running, change: Any) -> dict[str, Any]:
    """A decision that read consent and was overtaken by a change of it while it waited for the subject's lock."""
    (subject_id,) = [row["subject_id"] for row in await service.database.fetch("SELECT subject_id FROM subjects")]

    async def work(connection: Any) -> tuple["asyncio.Task[Any]", "asyncio.Task[Any]"]:
        await lock(connection, [subject_id])
        changing = asyncio.ensure_future(change)
        await waited_for(service, "advisory")
        deciding = asyncio.ensure_future(service.decide(ADA, "home_hero"))
        await waited_for(service, "advisory", 2)
        return changing, deciding

    changing, deciding = await service.database.run("test.hold", work)
    await changing
    return (await deciding)[0]


@pytest.mark.rule("D4")
async def test_a_withdrawal_in_flight_makes_it_decide_again(service: Running) -> None:
    """A decision that was overtaken by a withdrawal uses nothing of what it had read, and is not stored."""
    await walk(service, ADA, events=["search"])
    decision = await _overtaken(service, service.withdraw(ADA, ["personalization"]))
    assert (decision["mode"], decision["offer"]["id"], decision["decision_id"]) == ("fallback", "welcome", None)
    assert await service.count("decisions") == 0


@pytest.mark.rule("D4")
async def test_a_grant_in_flight_makes_it_decide_again(service: Running) -> None:
    """A decision that was overtaken by another grant names that one, and happened after it."""
    await walk(service, ADA, events=["search"])
    decision = await _overtaken(service, service.give(ADA, "personalization"))
    assert decision["proof"] == [(await service.check(ADA, "personalization"))["proof"]]
    assert await service.database.fetchval(NOT_PROVEN) == 0


@pytest.mark.rule("D4")
async def test_consent_that_ends_in_flight_proves_nothing(service: Running) -> None:
    """A decision that read consent in time, and could be stored only when that had expired, does without it."""
    until = datetime.now(UTC) + timedelta(seconds=3)
    await walk(service, ADA, events=["search"], at=until - YEAR)
    (subject_id,) = [row["subject_id"] for row in await service.database.fetch("SELECT subject_id FROM subjects")]

    async def work(connection: Any) -> "asyncio.Task[Any]":
        await lock(connection, [subject_id])
        deciding = asyncio.ensure_future(service.decide(ADA, "product_sidebar", context=CONTEXT))
        await waited_for(service, "advisory")
        while await connection.fetchval("SELECT clock_timestamp()") < until:
            assert not deciding.done()
        return deciding

    (decision,) = await (await service.database.run("test.hold", work))
    assert (decision["mode"], decision["decision_id"]) == ("contextual", None)
    assert await service.count("decisions") == 0


@pytest.mark.rule("D4")
async def test_no_decision_in_flight_is_proven_by_what_was_withdrawn(service: Running) -> None:
    """However grants, withdrawals and decisions cross, what each stored decision names allowed it at its time."""
    people = [customer(f"racing-{number}") for number in range(3)]
    for person in people:
        await walk(service, person, events=["search"])

    async def change(person: dict[str, str]) -> None:
        for _ in range(12):
            await service.withdraw(person, ["personalization"])
            await walk(service, person, "personalization", events=["search"])

    async def decide(person: dict[str, str]) -> list[dict[str, Any]]:
        return [decision for _ in range(15) for decision in await service.decide(person, "home_hero")]

    answers = await asyncio.gather(*map(decide, people * 4), *map(change, people))
    made = [decision for decisions in answers[: len(people) * 4] for decision in decisions]
    assert {decision["mode"] for decision in made} == {"profiled", "fallback"}
    profiled = {decision["decision_id"] for decision in made if decision["mode"] == "profiled"}
    assert (await _stored(service)).keys() == profiled
    assert await service.database.fetchval(NOT_PROVEN) == 0
