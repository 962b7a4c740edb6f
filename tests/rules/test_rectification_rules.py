"""The rules of rectification, restriction, objection and of officers who read, over HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.consenting import NOON
from tests.filing import REQUESTS, approve, approve_all, data, erase, fetch, file, filing, moves, opened, package
from tests.mailing import letters_of
from tests.running import Running, customer, refused, succeeded

WRONG = {"kind": "email", "value": "ada.wrong@example.com"}
RIGHT = {"kind": "email", "value": "ada.right@example.com"}
BOB = {"kind": "email", "value": "bob@example.com"}
GROUNDS = {"grounds": "I contest that it is accurate"}


async def _served(service: Running, right: str, *identifiers: dict[str, str], **more: Any) -> str:
    request_id = (await file(service, right, *identifiers, **more))["request_id"]
    assert (await approve_all(service, request_id))["state"] == "completed"
    return request_id


async def _kinds(service: Running) -> list[str]:
    """The kinds of entries about people, oldest first."""
    query = "SELECT kind FROM ledger_entries WHERE kind <> 'rights_request' ORDER BY recorded_at, entry_id"
    return [row["kind"] for row in await service.database.fetch(query)]


@pytest.mark.rule("R17")
async def test_a_right_identifier_takes_the_place_of_a_wrong_one(service: Running) -> None:
    """Rectifying an identifier re-indexes it: the right one finds the subject, and the wrong one nobody."""
    given = await service.give(WRONG, "analytics")
    await _served(service, "rectification", WRONG, replacement=RIGHT)
    assert (await service.check(RIGHT, "analytics"))["allowed"]
    assert (await service.check(WRONG, "analytics"))["reason"] == "unknown"
    told = data(await package(service, RIGHT))
    assert [subject["subject_id"] for subject in told["subjects"]] == [given["subject_id"]]
    assert [row["sealed"] for row in told["subjects"][0]["tables"]["lookups"]] == [RIGHT["value"]]
    assert await service.count("lookups") == await service.count("subjects") == 1
    assert "rectification" in await _kinds(service)
    assert (await service.give(WRONG, "analytics"))["subject_id"] != given["subject_id"]


@pytest.mark.rule("R17")
async def test_nothing_is_put_right_before_it_is_approved(service: Running) -> None:
    """Until then the wrong identifier finds the subject, and the right one nobody; unverified it is not approved."""
    await service.give(WRONG, "analytics")
    body = filing("rectification", WRONG, replacement=RIGHT, verified=None)
    request_id = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    refused(await approve(service, request_id), 409, "rights-request-not-ready")
    assert (await opened(service, request_id))["replacement"] == RIGHT
    assert (await service.check(WRONG, "analytics"))["allowed"]
    assert (await service.check(RIGHT, "analytics"))["reason"] == "unknown"


@pytest.mark.rule("R17")
async def test_an_identifier_of_somebody_else_is_not_given_away(service: Running) -> None:
    """The officer is told, nothing has changed, and the request can be refused."""
    await service.give(WRONG, "analytics")
    await service.give(BOB, "personalization")
    request_id = (await file(service, "rectification", WRONG, replacement=BOB))["request_id"]
    for _ in range(2):
        assert "bob" not in str(refused(await approve(service, request_id), 409, "identifier-taken"))
    assert (await service.check(WRONG, "analytics"))["allowed"]
    assert (await service.check(BOB, "personalization"))["allowed"]
    assert (await opened(service, request_id))["state"] == "open"
    refusal = {"reason": "third_party_rights", "text": "That address is somebody else's."}
    succeeded(await service.post(f"{REQUESTS}/{request_id}/refuse", refusal, key=service.officers[0]))


@pytest.mark.rule("R17")
async def test_open_requests_follow_the_right_identifier(service: Running) -> None:
    """Who had asked for their data by the wrong identifier gets it all the same."""
    await service.give(WRONG, "analytics")
    waiting = (await file(service, "access", WRONG))["request_id"]
    await _served(service, "rectification", WRONG, replacement=RIGHT)
    assert (await opened(service, waiting))["subjects"] == 1


@pytest.mark.rule("R6")
async def test_a_note_verifies_what_a_code_left_open(service: Running) -> None:
    """Before it nothing is put right, and nobody is told so; the note counts until somebody approves."""
    await service.give(customer(), "analytics")
    body = filing("rectification", WRONG, customer(), replacement=customer("right"), verified=None)
    request_id = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    (code,) = [letter["code"] for letter in await letters_of(service, request_id)]
    verify, note = f"{REQUESTS}/{request_id}/verify", {"note": "showed the card of the shop"}
    succeeded(await service.post(verify, {"code": code}))
    refused(await approve(service, request_id), 409, "rights-request-not-ready")
    assert succeeded(await service.post(verify, note, key=service.officers[0]))["state"] == "open"
    shown = await opened(service, request_id)
    assert (shown["unverified"], shown["subjects"]) == (0, 1)
    assert shown["verification"] == {"method": "code, officer", **note}
    assert (await moves(service, request_id))[-1]["officer"]
    assert (await approve_all(service, request_id))["state"] == "completed"
    assert (await service.check(customer("right"), "analytics"))["allowed"]


@pytest.mark.rule("R6")
async def test_a_note_after_an_approval_is_refused(service: Running) -> None:
    """Nobody is added to what an officer has approved; where nothing is left to verify a note changes nothing."""
    body = filing("access", WRONG, customer(), verified=None)
    request_id = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    (code,) = [letter["code"] for letter in await letters_of(service, request_id)]
    succeeded(await service.post(f"{REQUESTS}/{request_id}/verify", {"code": code}))
    succeeded(await approve(service, request_id))
    note = await service.post(f"{REQUESTS}/{request_id}/verify", {"note": "a friend"}, key=service.officers[1])
    refused(note, 409, "rights-request-settled")
    assert (await opened(service, request_id))["unverified"] == 1


async def test_putting_right_what_nobody_is_known_by_changes_nothing(service: Running) -> None:
    """It is completed like any other, and makes nobody known."""
    await _served(service, "rectification", WRONG, replacement=RIGHT)
    assert await service.count("lookups") == await service.count("subjects") == 0


@pytest.mark.rule("R16")
async def test_a_restriction_stops_every_use(service: Running) -> None:
    """Approved, it denies every purpose whatever its basis, and what is held stays held."""
    await service.give(WRONG, "analytics")
    request_id = (await file(service, "restriction", WRONG, **GROUNDS))["request_id"]
    assert (await service.check(WRONG, "service"))["allowed"]
    assert (await approve_all(service, request_id))["state"] == "completed"
    for purpose in ("analytics", "service"):
        assert (await service.check(WRONG, purpose))["reason"] == "restricted"
    assert await service.count("consent_state") == 1


@pytest.mark.rule("R16")
async def test_the_person_is_told_before_a_restriction_is_lifted(service: Running) -> None:
    """The first call tells, and nothing is lifted for a week; then the next one lifts."""
    officer = await service.key("rights:decide")
    await service.give(WRONG, "analytics", now=NOON.isoformat())
    request_id = await _served(service, "restriction", WRONG, **GROUNDS)
    path = f"{REQUESTS}/{request_id}/lift"
    told = succeeded(await service.post(path, {}, key=officer, now="2027-03-01T10:00:00Z"))
    assert (told["lifted"], told["lifts_at"]) == (False, "2027-03-08T10:00:00Z")
    again = succeeded(await service.post(path, {}, key=officer, now="2027-03-08T09:59:59Z"))
    assert again == told
    assert (await service.check(WRONG, "service"))["reason"] == "restricted"
    assert succeeded(await service.post(path, {}, key=officer, now="2027-03-08T10:00:00Z"))["lifted"]
    assert (await service.check(WRONG, "service"))["allowed"]
    assert (await moves(service, request_id))[-1]["lifts_at"] == "2027-03-08T10:00:00.000000Z"


@pytest.mark.rule("R16")
async def test_a_restriction_ends_with_the_last_request_for_it(service: Running) -> None:
    """Of two requests that restrict a person one alone lifts nothing: of the other's end nobody has been told."""
    await service.give(customer(), "analytics")
    first, second = [await _served(service, "restriction", customer(), **GROUNDS) for _ in range(2)]
    lifted: list[bool] = []
    for request_id in (first, second):
        assert (await service.check(customer(), "analytics"))["reason"] == "restricted"
        path = f"{REQUESTS}/{request_id}/lift"
        answer = succeeded(await service.post(path, {"told": "by telephone"}, key=service.officers[0]))
        lifted.append(answer["lifted"])
    assert lifted == [False, True]
    assert (await service.check(customer(), "analytics"))["allowed"]


@pytest.mark.rule("R16")
async def test_whom_no_letter_reaches_an_officer_tells(service: Running) -> None:
    """Without an address nothing is lifted before an officer says how the person was told, which is kept."""
    await service.give(customer(), "analytics")
    request_id = await _served(service, "restriction", customer(), **GROUNDS)
    path, officer = f"{REQUESTS}/{request_id}/lift", service.officers[0]
    refused(await service.post(path, {}, key=officer), 409, "nobody-told")
    refused(await service.post("/v1/restrictions/lift", {"subject": customer()}, key=officer), 422, "invalid-body")
    assert (await service.check(customer(), "analytics"))["reason"] == "restricted"
    assert succeeded(await service.post(path, {"told": "by telephone"}, key=officer))["lifted"]
    assert (await service.check(customer(), "analytics"))["allowed"]
    assert "by telephone" in str(data(await package(service, customer())))


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("right", "more"),
    [
        ("restriction", GROUNDS),
        ("objection", {"purposes": ["analytics"]}),
        ("rectification", {"replacement": RIGHT}),
    ],
)
async def test_nobody_is_told_of_what_was_not_done(service: Running, right: str, more: dict[str, Any]) -> None:
    """What a request says goes with an erased person whom it named too; then it is not served, and the officer told."""
    await service.give(WRONG, "analytics")
    await service.give(customer(), "analytics")
    body = filing(right, WRONG, customer(), verified=None, **more)
    request_id = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    (code,) = [letter["code"] for letter in await letters_of(service, request_id)]
    succeeded(await service.post(f"{REQUESTS}/{request_id}/verify", {"code": code}))
    await erase(service, customer())
    refused(await approve(service, request_id), 409, "rights-request-not-ready")
    assert (await opened(service, request_id))["state"] == "open"
    assert [letter["kind"] for letter in await letters_of(service, request_id)] == ["code"]


async def test_an_approved_objection_holds_also_for_who_is_not_known_yet(service: Running) -> None:
    """An objection to what rests on no consent waits for approval, and is remembered of whoever it names."""
    await service.give(WRONG, "analytics")
    for one in (WRONG, BOB):
        request_id = (await file(service, "objection", one, purposes=["analytics"]))["request_id"]
        assert (await service.check(one, "analytics"))["reason"] != "objected"
        assert (await approve_all(service, request_id))["state"] == "completed"
        assert (await service.check(one, "analytics"))["reason"] == "objected"
    assert await service.database.fetchval("SELECT count(*) FROM rights_requests WHERE identifiers IS NOT NULL") == 0


@pytest.mark.rule("R19")
async def test_what_an_officer_reads_of_a_person_is_in_the_ledger(service: Running) -> None:
    """Opening a request, fetching a package, reading an explanation: each is an entry that says who, what and when."""
    given = await service.give(WRONG, "analytics", "personalization")
    decided = await _decided(service)
    request_id = (await file(service, "access", WRONG))["request_id"]
    assert await _read(service) == []
    await opened(service, request_id)
    await approve_all(service, request_id)
    assert (await fetch(service, request_id, "package")).status_code == 200
    explained = await service.get(f"/v1/decisions/{decided}/explanation", key=service.officers[1])
    assert explained.status_code == 200
    officers = [
        str(row["officer_id"]) for row in await service.database.fetch("SELECT officer_id FROM officers ORDER BY login")
    ]
    assert await _read(service) == [
        (given["subject_id"], officers[0], "rights_request", request_id),
        (given["subject_id"], officers[0], "package", request_id),
        (given["subject_id"], officers[1], "explanation", decided),
    ]


@pytest.mark.rule("R19")
async def test_what_is_read_of_who_is_not_verified_is_in_the_ledger_too(service: Running) -> None:
    """Opening a request that nobody has verified, and what is held on one, is reading of whom it names."""
    given = await service.give(WRONG, "analytics")
    body = filing("erasure", WRONG, verified=None, details="I am Ada")
    request_id = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    assert (await opened(service, request_id))["subjects"] == 0
    assert (await fetch(service, request_id, "holds")).status_code == 200
    read = [(subject_id, what, which) for subject_id, _, what, which in await _read(service)]
    assert read == [(given["subject_id"], what, request_id) for what in ("rights_request", "holds")]


@pytest.mark.rule("R19")
async def test_a_person_is_told_that_they_were_read_of_and_not_by_whom(service: Running) -> None:
    """Their package says what was read and when, and names no officer (CJEU C-579/21); what servers do is not in it."""
    await service.give(WRONG, "analytics", "personalization")
    decided = await _decided(service)
    assert (await service.get(f"/v1/decisions/{decided}/explanation")).status_code == 200
    await opened(service, (await file(service, "access", WRONG))["request_id"])
    told = data(await package(service, WRONG))
    entries = told["subjects"][0]["tables"]["ledger_entries"]
    read = [entry["payload"] for entry in entries if entry["payload"] and entry["payload"]["kind"] == "officer_read"]
    assert [entry["what"] for entry in read] == ["rights_request", "package"]
    for row in await service.database.fetch("SELECT officer_id::text, login FROM officers"):
        assert row["officer_id"] not in str(told)
        assert row["login"] not in str(told)


async def _decided(service: Running) -> str:
    """A decision about the person that is stored."""
    await service.touch(WRONG, "view_product", datetime.now(UTC).isoformat())
    (decided,) = await service.decide(WRONG, "home_hero")
    assert decided["mode"] == "profiled"
    return decided["decision_id"]


async def _read(service: Running) -> list[tuple[str, ...]]:
    query = "SELECT subject_id, payload FROM ledger_entries WHERE kind = 'officer_read' ORDER BY recorded_at, entry_id"
    rows = await service.database.fetch(query)
    return [(str(row["subject_id"]), *(row["payload"][name] for name in ("officer", "what", "which"))) for row in rows]
