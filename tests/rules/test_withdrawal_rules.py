"""The rules of what a no deletes, over HTTP; the worker's part is done by calling its task."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from service.work import delete_ended
from tests.consenting import DAY, HOUR, NOON, YEAR, of_cookie, text
from tests.filing import approve_all, data, fetch, file, package
from tests.linking import cookie, link, say
from tests.running import Running, contact, customer, refused, succeeded
from tests.sequencing import working
from tests.visiting import KEEPING, walk

NOW, LATER = text(NOON), text(NOON + HOUR)
ADA, BOB = customer("ada-marker"), customer("bob-marker")
SUBJECT = {"subject": ADA}

No = Callable[[Running], Awaitable[Any]]


async def worked(service: Running) -> None:
    """Let the worker do what it does within a minute."""
    await delete_ended(service.database, service.desks.consequences)


async def kept(service: Running) -> list[str]:
    """The events of the touchpoints that are there, in order."""
    rows = await service.database.fetch("SELECT event FROM touchpoints ORDER BY event, touchpoint_id")
    return [row["event"] for row in rows]


async def touched(service: Running, number: int) -> None:
    """Keep so many touchpoints of Ada."""
    for first in range(0, number, 500):
        contacts = [contact(ADA, "search", NOW) for _ in range(min(500, number - first))]
        assert {outcome["outcome"] for outcome in await service.touch_all(contacts)} == {"stored"}


async def refuse(service: Running) -> None:
    """Refuse what was given."""
    succeeded(await service.record(ADA, {"personalization": "refused"}), 201)


async def withdraw(service: Running) -> None:
    """Withdraw what was given."""
    await service.withdraw(ADA, ["personalization"])


async def object_to(service: Running) -> None:
    """Object to what was given."""
    succeeded(await service.post("/v1/objections", SUBJECT | {"purposes": ["personalization"]}), 201)


@pytest.mark.rule("C22")
@pytest.mark.parametrize("no", [withdraw, refuse, object_to])
async def test_a_no_deletes_what_was_kept_for_that_purpose_alone(service: Running, no: No) -> None:
    """Withdrawal deletes what was kept for that purpose alone, as do a refusal and an objection; nobody else's."""
    for person in (ADA, BOB):
        await service.give(person, "personalization")
        await service.touch(person, "search" if person == ADA else "purchase", NOW)
    await no(service)
    assert await kept(service) == ["purchase"]
    assert await service.count("deletions") == 0


@pytest.mark.rule("C22")
async def test_what_another_allowed_purpose_needs_stays(service: Running) -> None:
    """Withdrawal keeps what another allowed purpose needs, until that one is withdrawn too."""
    await service.give(ADA, *KEEPING)
    await service.touch(ADA, "search", NOW)
    await service.withdraw(ADA, ["analytics"])
    assert (await service.position(ADA, now=NOW))["stage"] == "think"
    assert await kept(service) == ["search"]
    await service.withdraw(ADA, ["personalization"])
    assert await kept(service) == []


@pytest.mark.rule("C22")
async def test_what_another_purpose_was_never_kept_for_is_not_saved_by_it(service: Running) -> None:
    """A purpose that is allowed keeps only what was recorded for it, since its own grant."""
    await service.give(ADA, "personalization")
    await service.touch(ADA, "search", NOW)
    await service.give(ADA, "analytics")
    await service.touch(ADA, "purchase", NOW)
    await service.withdraw(ADA, ["personalization"])
    assert await kept(service) == ["purchase"]


@pytest.mark.rule("C22")
async def test_the_worker_deletes_what_one_transaction_does_not(service: Running) -> None:
    """Of 1,500 rows 1,000 go with the withdrawal; the rest is unreadable at once, and four workers delete it."""
    await service.give(ADA, "personalization")
    await touched(service, 1500)
    await service.withdraw(ADA)
    assert await service.count("touchpoints") == 500
    refused(await service.post("/v1/journeys/position", SUBJECT), 403, "consent-required")
    workers = [asyncio.create_task(working(service)) for _ in range(4)]
    async with asyncio.timeout(10):
        while await service.count("touchpoints") + await service.count("deletions"):
            pass
    for worker in workers:
        worker.cancel()
    await asyncio.wait(workers)


@pytest.mark.rule("C22")
async def test_a_new_grant_brings_nothing_back(service: Running) -> None:
    """What a new grant finds not yet deleted stays unreadable and is deleted; what comes after the grant is kept."""
    await service.give(ADA, "personalization")
    await touched(service, 1200)
    await service.withdraw(ADA)
    await service.give(ADA, "personalization")
    assert (await service.position(ADA, now=NOW))["evidence"] == {}
    await service.touch(ADA, "purchase", NOW)
    assert await service.count("touchpoints") == 201
    await worked(service)
    assert await kept(service) == ["purchase"]


@pytest.mark.rule("C22")
async def test_an_open_request_restricts_instead(service: Running) -> None:
    """Under an open request nothing is deleted, nor used; it is in the package, and goes once that is served."""
    await walk(service, ADA, events=["search"])
    await service.decide(ADA, "home_hero")
    request_id = (await file(service, "access", ADA))["request_id"]
    await service.withdraw(ADA)
    await worked(service)
    assert await kept(service) == ["search"]
    refused(await service.post("/v1/journeys/position", SUBJECT), 403, "consent-required")
    await approve_all(service, request_id)
    await worked(service)
    assert await kept(service) == ["search"]
    assert (await fetch(service, request_id, "package")).status_code == 200
    assert await kept(service) == ["search"]
    await worked(service)
    assert await kept(service) == []
    assert await service.database.fetchval("SELECT inputs FROM decisions") is None
    assert await service.count("deletions") == 0


@pytest.mark.rule("C22")
async def test_a_request_about_somebody_else_holds_nothing(service: Running) -> None:
    """An open request holds the data of those whom it names, by whichever of their identifiers, and of nobody else."""
    for person in (ADA, BOB):
        await service.give(person, "personalization")
        await service.touch(person, "search" if person == ADA else "purchase", NOW)
    await file(service, "access", customer("stranger-marker"), BOB)
    for person in (ADA, BOB):
        await service.withdraw(person)
    assert await kept(service) == ["purchase"]


@pytest.mark.rule("C22")
async def test_a_new_grant_under_an_open_request_brings_nothing_back(service: Running) -> None:
    """What is held is read for no grant that came after the withdrawal or the objection, and goes in the end."""
    request_id = (await file(service, "access", ADA))["request_id"]
    for no in (withdraw, object_to):
        await service.give(ADA, "personalization")
        await service.touch(ADA, "search", NOW)
        assert (await service.position(ADA, now=NOW))["evidence"] != {}
        await no(service)
        await service.give(ADA, "personalization")
        assert (await service.position(ADA, now=NOW))["evidence"] == {}
    assert await kept(service) == ["search"] * 2
    await approve_all(service, request_id)
    await fetch(service, request_id, "package")
    await worked(service)
    assert await kept(service) == []


@pytest.mark.rule("C22")
async def test_a_restriction_holds_too(service: Running) -> None:
    """Whoever wants their data stored and not used (Art. 18) finds it there until the restriction is lifted."""
    await service.give(ADA, "personalization")
    await service.touch(ADA, "search", NOW)
    officer = service.officers[0]
    succeeded(await service.post("/v1/restrictions", SUBJECT, key=officer), 201)
    await service.withdraw(ADA)
    await worked(service)
    assert await kept(service) == ["search"]
    succeeded(await service.post("/v1/restrictions/lift", SUBJECT | {"told": "by letter"}, key=officer))
    await worked(service)
    assert await kept(service) == []


@pytest.mark.rule("C22")
async def test_of_a_decision_what_was_done_remains(service: Running) -> None:
    """Of a stored decision the inputs and the stage go; what was shown, why and on which proof stays, and says so."""
    await walk(service, ADA, events=["search"])
    (made,) = await service.decide(ADA, "home_hero")
    (before,) = await service.database.fetch("SELECT * FROM decisions")
    assert (before["stage"], before["emptied_at"]) == ("think", None)
    await service.withdraw(ADA, ["analytics"])
    assert (await service.database.fetch("SELECT * FROM decisions")) == [before]
    await service.withdraw(ADA, ["personalization"])
    (after,) = await service.database.fetch("SELECT * FROM decisions")
    assert (after["inputs"], after["stage"]) == (None, None)
    changed = {name for name, value in before.items() if after[name] != value}
    assert changed == {"inputs", "stage", "emptied_at"}
    (subject,) = data(await package(service, ADA))["subjects"]
    (told,) = subject["tables"]["decisions"]
    assert (told["decision_id"], told["offer"], told["inputs"]) == (made["decision_id"], made["offer"]["id"], None)
    assert told["emptied_at"] > told["decided_at"]


@pytest.mark.rule("C22")
async def test_inputs_need_every_purpose_that_they_were_used_for(service: Running) -> None:
    """A decision on two purposes used the data of both for both: without the one the other cannot keep its inputs."""
    await walk(service, ADA, events=["purchase"], at=NOON)
    (letter,) = await service.decide(ADA, "newsletter_slot", now=NOW)
    assert len(letter["proof"]) == 2
    await service.withdraw(ADA, ["marketing_email"])
    row = await service.database.fetchrow("SELECT purposes, inputs FROM decisions")
    assert row is not None
    assert set(row["purposes"]) == {"marketing_email", "personalization"}
    assert row["inputs"] is None
    assert await kept(service) == ["purchase"]


@pytest.mark.rule("C22")
async def test_a_refusal_on_paper_deletes_what_was_kept_before_the_grant_that_holds(service: Running) -> None:
    """A no that is learnt late ends the grants before it: what was kept under them goes, and the later grant holds."""
    await service.give(ADA, "personalization", now=NOW)
    await service.touch(ADA, "search", NOW, now=LATER)
    await service.give(ADA, "personalization", now=text(NOON + 2 * DAY))
    await service.touch(ADA, "purchase", NOW, now=text(NOON + 3 * DAY))
    on_paper = {"method": "paper", "collected_at": text(NOON + DAY)}
    succeeded(await service.record(ADA, {"personalization": "refused"}, now=text(NOON + 4 * DAY), **on_paper), 201)
    assert (await service.check(ADA, "personalization", now=text(NOON + 4 * DAY)))["allowed"]
    assert await kept(service) == ["purchase"]


@pytest.mark.rule("C22")
async def test_an_end_that_nobody_said_deletes_nothing(service: Running) -> None:
    """What a clock ends is unreadable and not deleted by this: an expired purpose is not a withdrawn one."""
    await service.give(ADA, *KEEPING, now=NOW)
    await service.touch(ADA, "search", NOW, now=NOW)
    much_later = text(NOON + YEAR + DAY)
    await service.withdraw(ADA, ["analytics"], now=much_later)
    assert (await service.check(ADA, "personalization", now=much_later))["reason"] == "expired"
    renewal = {"personalization": "given", "marketing_email": "refused"}
    succeeded(await service.record(ADA, renewal, now=much_later), 201)
    assert (await service.position(ADA, now=much_later))["evidence"] == {}
    assert await kept(service) == ["search"]


@pytest.mark.rule("C22")
async def test_an_erasure_leaves_nothing_for_later(service: Running) -> None:
    """A withdrawal under an open request for erasure is held, and the erasure takes what was held with the rest."""
    await service.give(ADA, "personalization")
    await service.touch(ADA, "search", NOW)
    request_id = (await file(service, "erasure", ADA))["request_id"]
    await service.withdraw(ADA)
    assert await service.count("deletions") == 1
    await approve_all(service, request_id)
    assert [await service.count(table) for table in ("touchpoints", "deletions")] == [0, 0]


@pytest.mark.rule("C22")
async def test_a_no_that_a_link_brings_deletes_as_well(service: Running) -> None:
    """What was kept for a purpose goes when the browser of its person said no to it, whichever way the no arrives."""
    await service.give(ADA, "personalization")
    await touched(service, 3)
    browser = await cookie(service)
    await say(service, of_cookie(browser), "refused", "personalization")
    await link(service, browser, ADA)
    assert await kept(service) == []


@pytest.mark.rule("C4")
async def test_a_withdrawal_names_no_text(service: Running) -> None:
    """The exact text shown can be produced: an entry names one that was shown, and none where none was."""
    subject = {"kind": "customer_id", "value": "without a text"}
    await service.give(subject, "analytics")
    await service.withdraw(subject, ["analytics"])
    history = succeeded(await service.post("/v1/consents/history", {"subject": subject}))["entries"]
    given, withdrawn = (entry["notice"] for entry in history)
    assert all(given.values())
    assert withdrawn == {"id": given["id"], "version": given["version"], "language": None, "sha256": None}
    payloads = await service.database.fetch("SELECT payload FROM ledger_entries ORDER BY recorded_at")
    assert set(payloads[1]["payload"]["notice"]) == {"id", "version"}
