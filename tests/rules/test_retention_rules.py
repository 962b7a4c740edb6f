"""The rules of how long what is kept: nothing of an open request goes, and nobody inactive stays."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from service.rights.retention.model import Counts
from service.work import delete_ended
from tests.auditing import ledger
from tests.consenting import DAY, ON_CONSENT, text
from tests.filing import approve_all, fetch, file
from tests.linking import cookie, link
from tests.reporting import learnt
from tests.running import Running, customer, succeeded
from tests.sequencing import sequencer_of
from tests.visiting import KEEPING, walk

TODAY = datetime.now(UTC).replace(microsecond=0)
ADA, BOB = customer("ada-marker"), customer("bob-marker")
LONG_AGO = TODAY - 1100 * DAY
"""Longer ago than the shop keeps people of whom nothing is heard, which is three years."""


async def retained(service: Running, *, dry_run: bool = False) -> dict[str, int]:
    """Let retention do its work, or only say what it would do; how many rows went by table."""
    return _by_table(await service.desks.retention.run(dry_run=dry_run))


def _by_table(counts: Counts) -> dict[str, int]:
    return {gone.table: gone.rows for gone in counts.gone}


async def events(service: Running) -> list[str]:
    """The events of the touchpoints that are there, in order."""
    rows = await service.database.fetch("SELECT event FROM touchpoints ORDER BY event")
    return [row["event"] for row in rows]


async def searched(service: Running, subject: dict[str, str], days_ago: int, *purposes: str) -> str:
    """Let somebody agree and search, so many days ago; returns that time."""
    at = TODAY - days_ago * DAY
    await walk(service, subject, *purposes, events=["search"], at=at)
    return text(at)


async def test_what_was_kept_as_long_as_its_purpose_says_is_deleted(service: Running) -> None:
    """A touchpoint stays as long as the longest of its purposes says, 395 or 730 days, and not a day longer."""
    for days_ago, purpose in (
        (394, "analytics"),
        (396, "analytics"),
        (729, "personalization"),
        (731, "personalization"),
    ):
        await searched(service, customer(f"{purpose}-{days_ago}"), days_ago, purpose)
    await searched(service, BOB, 500, *KEEPING)
    assert await retained(service, dry_run=True) == {"touchpoints": 2}
    assert await service.count("touchpoints") == 5
    assert await retained(service) == {"touchpoints": 2}
    ages = await service.database.fetch("SELECT (now() - recorded_at) AS age FROM touchpoints ORDER BY recorded_at")
    assert [row["age"].days for row in ages] == [729, 500, 394]
    assert await retained(service) == {}


async def test_a_withdrawal_counts_what_was_kept_long_enough_as_ended(service: Running) -> None:
    """What one purpose has kept long enough and the other is said no to goes with the no, and not later."""
    await searched(service, ADA, 500, *KEEPING)
    await service.give(ADA, *KEEPING)
    await retained(service)
    assert await events(service) == ["search"]
    await service.withdraw(ADA, ["personalization"])
    assert await events(service) == []


async def test_a_decision_goes_in_two_steps(service: Running) -> None:
    """A withdrawal takes its inputs; the rest stays to be accounted for until the retention of its purposes is over."""
    for subject, days_ago in ((ADA, 100), (BOB, 731)):
        at = await searched(service, subject, days_ago)
        assert (await service.decide(subject, "home_hero", now=at))[0]["mode"] == "profiled"
    await service.withdraw(ADA)
    assert (await retained(service))["decisions"] == 1
    (left,) = await service.database.fetch("SELECT inputs, stage, emptied_at IS NULL AS full FROM decisions")
    assert tuple(left) == (None, None, False)


async def test_what_was_learnt_goes_with_its_trace(service: Running) -> None:
    """What taught offers goes from their counts when the retention of learning is over, and the interaction later."""
    for subject, days_ago in ((ADA, 10), (BOB, 400)):
        at = await searched(service, subject, days_ago)
        token = (await service.decide(subject, "home_hero", now=at))[0]["token"]
        body = {"interactions": [{"token": token, "event": "click"}]}
        succeeded(await service.post("/v1/interactions", body, now=at))
    assert list((await learnt(service)).values()) == [(2, 2)]
    await retained(service)
    assert list((await learnt(service)).values()) == [(1, 1)]
    assert await service.count("interactions") == 2


@pytest.mark.rule("R18")
async def test_an_open_request_keeps_the_data_that_it_is_about(service: Running) -> None:
    """An open request stops the retention job from deleting its data; once it is closed the worker does."""
    for subject in (ADA, BOB):
        await searched(service, subject, 731)
    request_id = (await file(service, "access", ADA))["request_id"]
    assert await retained(service, dry_run=True) == {"touchpoints": 1}
    assert await retained(service) == {"touchpoints": 1}
    assert await retained(service) == {}
    assert await events(service) == ["search"]
    await approve_all(service, request_id)
    await fetch(service, request_id, "package")
    await delete_ended(service.database, service.desks.consequences)
    assert await events(service) == []
    assert await service.count("deletions") == 0


@pytest.mark.rule("R18")
async def test_an_open_request_keeps_the_person(service: Running) -> None:
    """Whoever asks for something is not purged before they are answered, however long nothing was heard of them."""
    await service.give(ADA, "analytics", now=text(LONG_AGO))
    await file(service, "access", ADA, now=text(LONG_AGO))
    assert await retained(service) == {}
    assert await service.count("lookups") == 1


async def _restrict(service: Running) -> None:
    succeeded(await service.post("/v1/restrictions", {"subject": ADA}, key=service.officers[0]), 201)


async def test_restricted_data_is_kept(service: Running) -> None:
    """Whoever wants their data stored and not used (Art. 18) finds it there."""
    await searched(service, ADA, 731)
    await _restrict(service)
    assert await retained(service) == {}
    assert await events(service) == ["search"]


async def test_any_number_of_processes_delete_the_same_once(service: Running) -> None:
    """Of four that begin together one deletes at a time, and what they report adds up to what was due."""
    at = await searched(service, ADA, 731)
    await service.touch_all([{"subject": ADA, "event": "search", "channel": "web", "occurred_at": at}] * 400, now=at)
    for number in range(20):
        await searched(service, customer(f"c-{number}"), 731)
    due = await service.count("touchpoints")
    reports = await asyncio.gather(*(service.desks.retention.run() for _ in range(4)))
    assert sum(_by_table(counts).get("touchpoints", 0) for counts in reports) == due
    assert await service.count("touchpoints") == 0


async def test_closed_requests_go(service: Running) -> None:
    """A request goes with its approvals when it was closed as long ago as the bundle says, and not one day sooner."""
    for days_ago in (1094, 1096):
        request_id = (await file(service, "erasure", ADA))["request_id"]
        await approve_all(service, request_id)
        await service.database.run(
            "test.age",
            lambda c, closed=TODAY - days_ago * DAY, request=request_id: c.execute(
                "UPDATE rights_requests SET closed_at = $1 WHERE request_id = $2::text::uuid", closed, request
            ),
        )
    due = {"rights_approvals": 1, "rights_requests": 1, "rights_tasks": 8}
    assert await retained(service, dry_run=True) == due
    assert await retained(service) == due
    assert (await service.count("rights_requests"), await service.count("rights_approvals")) == (1, 1)


@pytest.mark.rule("R22")
async def test_people_of_whom_nothing_is_heard_are_purged(service: Running) -> None:
    """Inactive subjects are purged when the bundle says so, and the ledger stays what was signed."""
    await searched(service, ADA, 1100, "analytics")
    await searched(service, BOB, 1090, "analytics")
    await sequencer_of(service).run()
    assert await retained(service, dry_run=True) == {"subjects": 1, "touchpoints": 1}
    assert await retained(service) == {"subjects": 1, "touchpoints": 2}
    assert (await service.count("lookups"), await service.count("consent_state")) == (1, 1)
    purged = await service.database.fetch(
        "SELECT kind, payload IS NULL AS empty FROM ledger_entries ORDER BY recorded_at"
    )
    assert [tuple(row) for row in purged] == [("consent", True), ("consent", False), ("purge", False)]
    assert (await service.check(ADA, "analytics"))["reason"] == "unknown"
    assert await service.count("consent_proofs") == 1
    await sequencer_of(service).run()
    verified = await ledger(service, "verify")
    assert verified.status == 0, verified.complained


Heard = Callable[[Running], Awaitable[Any]]


async def _checked_in(service: Running) -> None:
    await service.give(ADA, "analytics", now=text(TODAY - 10 * DAY))


async def _asked(service: Running) -> None:
    await file(service, "access", ADA, now=text(LONG_AGO))


async def _objected(service: Running) -> None:
    body = {"subject": ADA, "purposes": ["marketing_email"]}
    succeeded(await service.post("/v1/objections", body, now=text(LONG_AGO)), 201)


async def _refused_a_contract(service: Running) -> None:
    changed = "UPDATE consent_state SET status = 'withdrawn', purpose = 'service'"
    await service.database.run("test.withdraw", lambda connection: connection.execute(changed))


async def _linked(service: Running) -> None:
    await link(service, await cookie(service), ADA)


@pytest.mark.rule("R22")
@pytest.mark.parametrize("heard", [_checked_in, _asked, _objected, _restrict, _refused_a_contract, _linked])
async def test_whoever_is_heard_of_or_has_to_be_remembered_stays(service: Running, heard: Heard) -> None:
    """Whoever did something since, or asked for something, stays, and whose no must be remembered (Art. 21(3))."""
    await service.give(ADA, "analytics", now=text(LONG_AGO))
    await heard(service)
    assert "subjects" not in await retained(service)
    assert await service.database.fetchval("SELECT count(*) FROM subjects WHERE state = 'erased'") == 0


@pytest.mark.rule("R22")
async def test_a_linked_browser_outlives_nobody(service: Running) -> None:
    """With a person who is purged their browser goes home, and is purged at the next look."""
    value = await cookie(service)
    await service.give(ADA, *ON_CONSENT, now=text(LONG_AGO))
    await link(service, value, ADA, now=text(LONG_AGO))
    await service.database.run("test.age", lambda c: c.execute("UPDATE lookups SET created_at = $1", LONG_AGO))
    assert [(await retained(service)).get("subjects") for _ in range(3)] == [1, 1, None]
    assert await service.count("lookups") == 0
