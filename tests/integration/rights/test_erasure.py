"""What an erasure takes, what it leaves, and what its certificate says of it."""

import pytest

from service.kernel import datamap
from tests.filing import REQUESTS, approve_all, claims, data, erase, fetch, file, package
from tests.running import Running, customer, refused, succeeded

EMAIL = {"kind": "email", "value": "ada@example.com"}
ADA, BOB = customer("ada"), customer("bob")


async def test_nothing_that_leads_to_the_person_is_left(service: Running) -> None:
    """After an erasure the request names nobody and says nothing, also when nobody was found."""
    await service.give(ADA, "analytics")
    await erase(service, ADA, details="please")
    await erase(service, EMAIL, details="please")
    left = "lookups IS NOT NULL OR details IS NOT NULL OR verification IS NOT NULL"
    assert await service.database.fetchval(f"SELECT count(*) FROM rights_requests WHERE {left}") == 0  # noqa: S608 - ours
    assert await service.count("lookups") == 0
    assert await service.count("consent_state") == 0


async def test_others_are_left_alone(service: Running) -> None:
    """Erasing one person touches no row of another."""
    for person in (ADA, BOB):
        await service.give(person, "analytics")
    tables = [
        (t.name, owner.name)
        for t, owner in (await datamap.read(service.database)).of_subjects()
        if "subject" in owner.flags
    ]
    bob = await service.database.fetchval("SELECT subject_id FROM consent_state ORDER BY subject_id DESC LIMIT 1")
    queries = [f"SELECT t::text FROM {t} t WHERE {owner} = $1" for t, owner in tables]  # noqa: S608 - ours
    before = [await service.database.fetch(query, bob) for query in queries]
    await erase(service, ADA)
    assert [await service.database.fetch(query, bob) for query in queries] == before
    assert (await service.check(BOB, "analytics"))["allowed"]


async def test_a_request_that_also_names_somebody_else_still_serves_them(service: Running) -> None:
    """An open request about two people loses only the one who was erased meanwhile."""
    for person in (ADA, BOB):
        await service.give(person, "analytics")
    both = (await file(service, "erasure", ADA, BOB))["request_id"]
    await erase(service, ADA)
    await approve_all(service, both)
    told = await claims(service, succeeded(await fetch(service, both, "certificate"))["certificate"])
    assert told["subjects"] == 1
    assert not (await service.check(BOB, "analytics"))["allowed"]


async def test_earlier_requests_of_the_person_are_emptied(service: Running) -> None:
    """What the person wrote in other requests goes too; those that were open are answered with nothing."""
    await service.give(ADA, "analytics")
    earlier = (await file(service, "access", ADA, details="what do you have?"))["request_id"]
    await erase(service, ADA)
    assert await service.database.fetchval("SELECT count(*) FROM rights_requests WHERE details IS NOT NULL") == 0
    await approve_all(service, earlier)
    assert (await fetch(service, earlier, "package")).status_code == 200


async def test_a_stranger_who_wrote_to_us_is_forgotten_too(service: Running) -> None:
    """An identifier of which no subject is known is erased from the requests that name it."""
    await package(service, EMAIL, details="do you know me?")
    told = await claims(service, await erase(service, EMAIL))
    assert (told["nothing_held"], told["subjects"], told["rows"]) == (False, 0, {"rights_requests": 1})
    assert data(await package(service, EMAIL))["unmatched"]["rights_requests"][0]["details"] is None


async def test_the_certificate_claims_no_more_than_was_done(service: Running) -> None:
    """It counts what was erased and names nobody; of backups it says when, and recipients are not mentioned."""
    await service.give(ADA, "analytics", "personalization")
    certificate = await erase(service, ADA)
    told = await claims(service, certificate)
    assert told.keys() == {
        "iss", "iat", "request_id", "erased_at", "backups_clear_at", "nothing_held", "subjects", "entries", "rows",
        "bundle",
    }  # fmt: skip
    assert told["bundle"] == service.desks.policy.current.digest
    assert told["rows"] == {"consent_state": 2, "ledger_entries": 2, "lookups": 1}
    entry = await service.database.fetchrow("SELECT * FROM ledger_entries WHERE kind = 'erasure'")
    assert told["entries"] == [str(entry["entry_id"])]
    assert len(entry["payload"]["emptied"]) == 2


async def test_there_is_no_certificate_before_the_erasure(service: Running) -> None:
    """A request that is not completed, one of access and one that does not exist have no certificate."""
    for right in ("erasure", "access"):
        request_id = (await file(service, right, ADA))["request_id"]
        refused(await fetch(service, request_id, "certificate"), 404, "certificate-missing")
    missing = "00000000-0000-7000-8000-000000000000"
    refused(await fetch(service, missing, "certificate"), 404, "rights-request-unknown")
    refused(await fetch(service, "certainly-not-a-uuid", "certificate"), 404, "not-found")


async def test_a_fresh_grant_makes_a_new_subject(service: Running) -> None:
    """Who gives consent again after an erasure is somebody new."""
    before = (await service.give(ADA, "analytics"))["subject_id"]
    await erase(service, ADA)
    assert (await service.give(ADA, "analytics"))["subject_id"] != before
    assert (await service.check(ADA, "analytics"))["allowed"]


@pytest.mark.parametrize("right", ["access", "erasure"])
async def test_the_same_idempotency_key_files_once(service: Running, right: str) -> None:
    """A request that is sent again with its key is the same request; another body with it is refused."""
    body = {"right": right, "identifiers": [ADA], "language": "it"}
    headers = {"Idempotency-Key": "once"}
    first, again = [succeeded(await service.post(REQUESTS, body, headers=headers), 202) for _ in range(2)]
    assert first == again
    other = body | {"identifiers": [BOB]}
    refused(await service.post(REQUESTS, other, headers=headers), 409, "idempotency-conflict")
    assert await service.count("rights_requests") == 1


async def test_a_repeated_request_does_not_undo_an_erasure(service: Running) -> None:
    """A queue that sends a grant again within its 24 hours is told so, and makes nobody known again."""
    key = {"Idempotency-Key": "retry-9"}
    assert (await service.record(customer(), {"analytics": "given"}, headers=key)).status_code == 201
    await erase(service, customer())
    refused(await service.record(customer(), {"analytics": "given"}, headers=key), 409, "idempotency-conflict")
    assert (await service.check(customer(), "analytics"))["reason"] == "unknown"
    assert await service.count("lookups") == 0
