"""R10: a legal hold keeps some data for a time, and the erasure then runs by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.kernel.clock import Moment
from service.settings import Settings
from service.subjects.keys.commands import shred_due, sweep
from tests.consenting import text
from tests.filing import REQUESTS, approve_all, claims, erase, fetch, file
from tests.mailing import letters_of
from tests.running import Running, customer, refused, succeeded

ADA = customer("ada")
KEYS = "SELECT count(*) FROM subject_keys"


async def known(service: Running) -> str:
    """Ada, with contacts, who asks for erasure."""
    await service.give(ADA, "analytics", "personalization")
    await service.touch(ADA, "purchase", text(datetime.now(UTC)), properties={"product": "p-1"})
    return (await file(service, "erasure", ADA))["request_id"]


async def hold(service: Running, request_id: str, until: datetime, *data: str) -> dict[str, Any]:
    """Hold data, which must succeed."""
    body = {"data": list(data), "until": text(until), "reason": "claim 7"}
    return succeeded(await service.post(f"{REQUESTS}/{request_id}/hold", body, key=service.officers[0]))


async def certified(service: Running, request_id: str) -> dict[str, Any]:
    """What the certificate says, which must be there."""
    return await claims(service, succeeded(await fetch(service, request_id, "certificate"))["certificate"])


@pytest.mark.rule("R21")
async def test_the_person_is_told_what_is_held_and_until_when(service: Running) -> None:
    """The letter about an erasure with exceptions names the day until which something is kept."""
    email = {"kind": "email", "value": "ada@example.com"}
    await service.give(email, "analytics")
    await service.touch(email, "purchase", text(datetime.now(UTC)))
    request_id = (await file(service, "erasure", email))["request_id"]
    until = datetime(2031, 5, 6, 12, tzinfo=UTC)
    await hold(service, request_id, until, "touchpoints")
    await approve_all(service, request_id)
    (letter,) = await letters_of(service, request_id)
    assert letter["kind"] == "completed_with_exceptions"
    assert "until 6 May 2031" in letter["text"]
    assert "confirmed" not in letter["text"]


@pytest.mark.rule("R10")
async def test_a_hold_keeps_its_data_and_nothing_else(service: Running) -> None:
    """What is held stays, sealed and unused; all else is erased, and the certificate says what is held until when."""
    request_id = await known(service)
    until = datetime.now(UTC) + timedelta(days=400)
    (held,) = (await hold(service, request_id, until, "touchpoints"))["holds"]
    assert (held["data"], held["reason"]) == ("touchpoints", "claim 7")
    assert (await approve_all(service, request_id))["state"] == "completed_with_exceptions"
    assert [await service.count(name) for name in ("touchpoints", "lookups", "consent_state")] == [1, 0, 0]
    told = await certified(service, request_id)
    assert (told["held"], told["backups_clear_at"]) == ([{"data": "touchpoints", "until": text(until)}], None)
    assert (await service.check(ADA, "analytics"))["reason"] == "unknown"
    await shred_due(service.database, service.keyring)
    await sweep(service.database, service.keyring, timedelta())
    assert await service.keyring.fetchval(KEYS) == 1

    ended = until + timedelta(seconds=1)
    await service.desks.erasures.go_on_all(Moment(now=ended, override=ended))
    assert await shred_due(service.database, service.keyring) == 1
    assert [await service.count(name) for name in ("touchpoints", "holds")] == [0, 0]
    assert await service.keyring.fetchval(KEYS) == 0
    assert await certified(service, request_id) == told
    assert await service.database.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'erasure'") == 2


@pytest.mark.rule("R10")
async def test_a_hold_that_ends_before_the_answer_is_due_is_waited_for(service: Running) -> None:
    """An erasure whose holds are soon over is certified when all is erased, without exceptions; so does a release."""
    request_id = await known(service)
    await hold(service, request_id, datetime.now(UTC) + timedelta(days=5), "touchpoints", "decisions")
    assert (await approve_all(service, request_id))["state"] == "running"
    refused(await fetch(service, request_id, "certificate"), 404, "certificate-missing")
    path = f"{REQUESTS}/{request_id}/release"
    assert succeeded(await service.post(path, key=service.officers[0])) == {"holds": []}
    told = await certified(service, request_id)
    assert told["held"] == []
    assert told["backups_clear_at"] is not None
    assert await service.count("touchpoints") == 0
    shown = succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))
    assert shown["state"] == "completed"


@pytest.mark.rule("R10")
async def test_each_request_holds_for_itself(service: Running) -> None:
    """A shorter hold on another request replaces no longer one, and its end lets nothing go that is still held."""
    request_id = await known(service)
    other = (await file(service, "access", ADA))["request_id"]
    until = datetime.now(UTC) + timedelta(days=400)
    await hold(service, request_id, until, "touchpoints")
    await hold(service, other, datetime.now(UTC) + timedelta(days=5), "touchpoints", "decisions")
    assert (await approve_all(service, request_id))["state"] == "running"
    assert succeeded(await service.post(f"{REQUESTS}/{other}/release", key=service.officers[0])) == {"holds": []}
    assert await service.count("touchpoints") == 1
    await service.desks.erasures.go_on_all()
    assert (await certified(service, request_id))["held"] == [{"data": "touchpoints", "until": text(until)}]


@pytest.mark.rule("R10")
async def test_what_goes_when_a_hold_ends_is_certified_too(service: Running) -> None:
    """What was held and went before the certificate is in its entries and rows, scanned for, and counts for backups."""
    plain = await claims(service, await erase(service, customer("bob")))
    request_id = await known(service)
    until = datetime.now(UTC) + timedelta(days=5)
    await hold(service, request_id, until, "touchpoints")
    assert (await approve_all(service, request_id))["state"] == "running"
    ended = until + timedelta(seconds=1)
    await service.desks.erasures.go_on_all(Moment(now=ended, override=ended))
    told = await certified(service, request_id)
    assert (told["held"], len(told["entries"]), told["rows"]["touchpoints"]) == ([], 2, 1)
    assert told["scan"]["tables"] == plain["scan"]["tables"]
    clear_at = datetime.fromisoformat(told["backups_clear_at"])
    assert clear_at >= ended + timedelta(days=Settings().backup_retention_days)


@pytest.mark.rule("R10")
@pytest.mark.parametrize(
    ("wrong", "status", "slug"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, 422, "hold-refused"),
        ({"data": ["lookups"]}, 422, "hold-refused"),
        ({"data": ["everything"]}, 422, "hold-refused"),
        ({"until": None}, 422, "invalid-body"),
    ],
)
async def test_a_hold_has_an_end_and_names_data(
    service: Running, wrong: dict[str, Any], status: int, slug: str
) -> None:
    """A hold without an end, with one that is over, or of what cannot be held is refused, and holds nothing."""
    request_id = await known(service)
    body = {"data": ["touchpoints"], "until": "2999-01-01T00:00:00Z", "reason": "claim 7"} | wrong
    body = {name: value for name, value in body.items() if value is not None}
    refused(await service.post(f"{REQUESTS}/{request_id}/hold", body, key=service.officers[0]), status, slug)
    assert await service.count("holds") == 0


@pytest.mark.rule("R10")
async def test_there_is_nothing_to_hold_after_an_erasure(service: Running) -> None:
    """A hold comes before the erasure or not at all, and of somebody whose identity is not verified there is none."""
    request_id = await known(service)
    assert (await approve_all(service, request_id))["state"] == "completed"
    body = {"data": ["touchpoints"], "until": "2999-01-01T00:00:00Z", "reason": "claim 7"}
    refused(await service.post(f"{REQUESTS}/{request_id}/hold", body, key=service.officers[0]), 409, "hold-too-late")
    asked = (await file(service, "erasure", ADA, verified=None))["request_id"]
    path = f"{REQUESTS}/{asked}/hold"
    refused(await service.post(path, body, key=service.officers[0]), 409, "rights-request-not-ready")
    refused(await service.post(path, body), 403, "forbidden")


@pytest.mark.rule("R6")
@pytest.mark.parametrize("right", ["access", "portability"])
async def test_releasing_what_is_not_held_erases_nobody(service: Running, right: str) -> None:
    """Only an approved erasure erases: a release on any other request that runs changes nothing."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, right, ADA))["request_id"]
    assert (await approve_all(service, request_id))["state"] == "running"
    succeeded(await service.post(f"{REQUESTS}/{request_id}/release", key=service.officers[0]))
    await service.desks.erasures.go_on_all()
    assert (await service.check(ADA, "analytics"))["allowed"]
    assert (await fetch(service, request_id, "package")).status_code == 200
