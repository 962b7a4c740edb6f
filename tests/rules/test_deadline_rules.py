"""The rules of the clock, over HTTP: when an answer is due, how it is put off, refused, taken back or let go."""

import pytest

from service.rights.abandoning import abandon
from tests.filing import REQUESTS, approve, approve_all, file, filing, moves, opened
from tests.running import Running, refused, succeeded

ADA = {"kind": "email", "value": "ada.marker@example.com"}
REASON = {"reason": "many requests at once"}
REFUSED = {"reason": "manifestly_unfounded", "text": "You asked the same thing a hundred times."}
OLD = "UPDATE rights_requests SET received_at = received_at - interval '31 days'"


@pytest.mark.rule("R1")
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-01-31T10:00:00Z", "2026-03-02T10:00:00Z"),
        ("2026-03-05T10:00:00Z", "2026-04-07T10:00:00Z"),
        ("2026-11-25T10:00:00Z", "2026-12-28T10:00:00Z"),
        ("2028-01-29T10:00:00Z", "2028-02-29T10:00:00Z"),
    ],
    ids=["clamped, a Saturday", "Easter", "Christmas", "a leap day"],
)
async def test_an_answer_is_due_after_one_calendar_month(service: Running, received: str, due: str) -> None:
    """Due date is one calendar month, clamped at month end, moved past weekend and holiday of the bundle."""
    assert (await file(service, "access", ADA, now=received))["due_at"] == due


@pytest.mark.rule("R2")
async def test_the_time_is_extended_once_by_two_months(service: Running) -> None:
    """Inside the first month two more are taken, once, with a reason that is kept and an entry that says until when."""
    officer = await service.key("rights:decide")
    filed = await file(service, "access", ADA, now="2026-03-10T10:00:00Z")
    path = f"{REQUESTS}/{filed['request_id']}/extend"
    refused(await service.post(path, {}, key=officer), 422, "invalid-body")
    longer = succeeded(await service.post(path, REASON, key=officer, now="2026-04-09T10:00:00Z"))
    assert (filed["due_at"], longer["due_at"]) == ("2026-04-10T10:00:00Z", "2026-06-10T10:00:00Z")
    refused(await service.post(path, REASON, key=officer, now="2026-04-09T11:00:00Z"), 409, "extension-refused")
    shown = await opened(service, filed["request_id"])
    assert (shown["extension"], shown["extended_at"]) == (REASON["reason"], "2026-04-09T10:00:00Z")
    assert (await moves(service, filed["request_id"]))[-1]["extended_to"] == "2026-06-10T10:00:00.000000Z"


@pytest.mark.rule("R2")
async def test_no_time_is_taken_after_the_first_month(service: Running) -> None:
    """From the due date on there is no extension, nor for what has ended; a server extends nothing."""
    officer = await service.key("rights:decide")
    filed = await file(service, "access", ADA, now="2026-03-10T10:00:00Z")
    path = f"{REQUESTS}/{filed['request_id']}"
    late = await service.post(f"{path}/extend", REASON, key=officer, now=filed["due_at"])
    refused(late, 409, "extension-refused")
    refused(await service.post(f"{path}/extend", REASON), 403, "forbidden")
    succeeded(await service.post(f"{path}/refuse", REFUSED, key=officer))
    refused(await service.post(f"{path}/extend", REASON, key=officer), 409, "rights-request-settled")
    assert (await opened(service, filed["request_id"]))["due_at"] == filed["due_at"]


@pytest.mark.rule("R3")
@pytest.mark.parametrize(("language", "court"), [("it-IT", "autorità giudiziaria"), ("en", "court"), ("fr", "court")])
async def test_a_refusal_names_its_reason_and_the_ways_to_complain(service: Running, language: str, court: str) -> None:
    """A refusal gives its reason, and the ways to complain, in the language of the person."""
    filed = await file(service, "erasure", ADA, language=language)
    path = f"{REQUESTS}/{filed['request_id']}/refuse"
    told = succeeded(await service.post(path, REFUSED, key=service.officers[0]))
    assert (told["state"], told["reason"], told["text"]) == ("refused", REFUSED["reason"], REFUSED["text"])
    authority, judge = told["ways_to_complain"]
    assert "Garante per la protezione dei dati personali" in authority
    assert court in judge
    refused(await approve(service, filed["request_id"]), 409, "rights-request-settled")
    refused(await service.post(path, REFUSED, key=service.officers[1]), 409, "rights-request-settled")


@pytest.mark.rule("R3")
@pytest.mark.parametrize("change", [{"reason": "no time"}, {"reason": None}, {"text": ""}, {"text": None}])
async def test_a_refusal_without_a_reason_of_the_list_is_none(service: Running, change: dict[str, str]) -> None:
    """There is no other reason than those of the list, none without words for the person, and no server refuses."""
    filed = await file(service, "erasure", ADA)
    path = f"{REQUESTS}/{filed['request_id']}/refuse"
    refused(await service.post(path, REFUSED | change, key=service.officers[0]), 422, "invalid-body")
    refused(await service.post(path, REFUSED), 403, "forbidden")
    assert (await opened(service, filed["request_id"]))["state"] == "open"


async def test_a_request_is_taken_back_by_who_filed_it(service: Running) -> None:
    """Before it runs, and by nobody else; nothing of what was written stays."""
    filed = await file(service, "erasure", ADA, details="please")
    path = f"{REQUESTS}/{filed['request_id']}/cancel"
    other = await service.key("rights:write")
    refused(await service.post(path, key=other), 404, "rights-request-unknown")
    assert succeeded(await service.post(path))["state"] == "cancelled"
    refused(await service.post(path), 409, "rights-request-settled")
    left = "lookups IS NOT NULL OR details IS NOT NULL OR verification IS NOT NULL OR address IS NOT NULL"
    assert await service.database.fetchval(f"SELECT count(*) FROM rights_requests WHERE {left}") == 0  # noqa: S608 - ours
    served = (await file(service, "erasure", ADA))["request_id"]
    await approve_all(service, served)
    refused(await service.post(f"{REQUESTS}/{served}/cancel"), 409, "rights-request-settled")


async def test_a_page_takes_back_the_request_of_its_own_visitor_alone(service: Running) -> None:
    """The visitors of a site share its key: who is who is told by the cookie."""
    one, other = [succeeded(await service.browse("/v1/cookies"), 201)["value"] for _ in range(2)]
    filed = succeeded(await service.browse(REQUESTS, {"right": "erasure", "language": "it"}, cookie=one), 202)
    path = f"{REQUESTS}/{filed['request_id']}/cancel"
    for cookie in (other, None):
        refused(await service.browse(path, cookie=cookie), 404, "rights-request-unknown")
    assert succeeded(await service.browse(path, cookie=one))["state"] == "cancelled"


async def test_what_nobody_verifies_is_abandoned_after_a_month(service: Running) -> None:
    """After 30 days the worker lets it go, with everything that was written; what is verified waits for its answer."""
    body = filing("access", ADA, verified=None, details="please")
    forsaken = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    verified = (await file(service, "access", ADA))["request_id"]
    assert await abandon(service.database, service.desks.policy) == 0
    await service.database.run("test.age", lambda connection: connection.execute(OLD))
    assert await abandon(service.database, service.desks.policy) == 1
    shown = await opened(service, forsaken)
    assert (shown["state"], shown["details"], shown["unverified"]) == ("abandoned", None, 0)
    assert (await opened(service, verified))["state"] == "open"
    refused(
        await service.post(f"{REQUESTS}/{forsaken}/verify", {"note": "late"}, key=service.officers[0]),
        409,
        "rights-request-settled",
    )


@pytest.mark.rule("R6")
async def test_every_move_of_a_request_is_an_entry_of_the_ledger(service: Running) -> None:
    """From filing to its end each state has its entry under the request's id, with the officer, and no word."""
    filed = await file(service, "access", ADA, verified=None, details="marker")
    path, officer = f"{REQUESTS}/{filed['request_id']}", service.officers[0]
    succeeded(await service.post(f"{path}/verify", {"note": "marker"}, key=officer))
    await approve_all(service, filed["request_id"])
    assert (await service.get(f"{path}/package", key=officer)).status_code == 200
    told = await moves(service, filed["request_id"])
    assert [move["state"] for move in told] == ["verifying", "open", "running", "completed"]
    assert ["officer" in move for move in told] == [False, True, True, False]
    assert "marker" not in str(told)
