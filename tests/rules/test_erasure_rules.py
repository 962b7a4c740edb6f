"""R9 to R11 and R14: an erasure waits for whom it has to, keeps what must be kept, and ends in one certificate."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from service.kernel.clock import Moment
from tests.conftest import ROOT
from tests.filing import REQUESTS, approve_all, claims, fetch, file
from tests.running import Running, customer, refused, succeeded

ADA = customer("ada")
CRM = '[recipient.crm]\nendpoint = "https://crm.example.com/placet"\n'
ANSWER = """
UPDATE outbox SET delivered_at = now(), acknowledged_at = now(), answer = $2, pseudonym = NULL WHERE request_id = $1
"""


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The bundle that ships, with one recipient that can be told."""
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    recipients = folder / "recipients.toml"
    recipients.write_text(recipients.read_text().replace("[recipient.crm]\n", CRM))
    return folder


async def approved(service: Running, **more: Any) -> str:
    """An erasure of Ada that every officer has approved, and that has to wait."""
    request_id = (await file(service, "erasure", ADA, **more))["request_id"]
    assert (await approve_all(service, request_id))["state"] == "running"
    return request_id


async def certified(service: Running, request_id: str) -> dict[str, Any]:
    """What the certificate says, which must be there."""
    return await claims(service, succeeded(await fetch(service, request_id, "certificate"))["certificate"])


async def state(service: Running, request_id: str) -> str:
    """Where a request stands."""
    return succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))["state"]


async def answer(service: Running, request_id: str, what: str) -> None:
    """Let the recipient have answered."""
    await service.database.run("test.answer", lambda c: c.execute(ANSWER, UUID(request_id), what))


@pytest.mark.rule("R9")
@pytest.mark.parametrize(("what", "ends"), [("done", "completed"), ("refused", "completed_with_exceptions")])
async def test_an_erasure_is_completed_once_every_recipient_answered(service: Running, what: str, ends: str) -> None:
    """Each recipient is told by its own name for the person; the certificate has its answer, and waits for it."""
    await service.give(ADA, "analytics")
    body = {"recipient": "crm", "subjects": [ADA]}
    (name,) = succeeded(await service.post("/v1/pseudonyms", body))["pseudonyms"]
    request_id = await approved(service)
    assert not (await service.check(ADA, "analytics"))["allowed"]
    (told,) = await service.database.fetch("SELECT * FROM outbox")
    assert (told["recipient"], told["kind"], told["pseudonym"]) == ("crm", "erasure", name)
    assert await service.desks.erasures.go_on_all() == 0
    refused(await fetch(service, request_id, "certificate"), 404, "certificate-missing")
    await answer(service, request_id, what)
    assert await service.desks.erasures.go_on_all() == 1
    outcomes = {one["recipient"]: one["outcome"] for one in (await certified(service, request_id))["recipients"]}
    assert outcomes == {"crm": what, "newsletter": "no_endpoint", "ads": "no_endpoint"}
    assert await state(service, request_id) == ends


@pytest.mark.rule("R9")
async def test_a_recipient_that_is_silent_when_it_is_due_is_an_exception(service: Running) -> None:
    """At the due date, and not before, the certificate says who is silent; it is told all the same afterwards."""
    await service.give(ADA, "analytics")
    request_id = await approved(service)
    shown = succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))
    due = datetime.fromisoformat(shown["due_at"])
    for at, closed in ((due - timedelta(seconds=1), 0), (due, 1), (due, 0)):
        assert await service.desks.erasures.go_on_all(Moment(now=at, override=at)) == closed
    told = await certified(service, request_id)
    assert [one["outcome"] for one in told["recipients"] if one["recipient"] == "crm"] == ["waiting"]
    assert await state(service, request_id) == "completed_with_exceptions"
    assert await service.count("outbox") == 1


@pytest.mark.rule("R12")
async def test_what_is_left_of_somebody_stops_the_certificate(service: Running) -> None:
    """Wherever a lookup, a subject id or a pseudonym is found, the erasure stays open; without it, it is certified."""
    await service.give(ADA, "analytics")
    subject = await service.database.fetchval("SELECT subject_id FROM subjects")
    leftovers = {
        "INSERT INTO touchpoint_counts VALUES (now(), $1::uuid::text, 'web', 1)": "DELETE FROM touchpoint_counts",
        "INSERT INTO arm_tables VALUES (gen_random_uuid(), 'p', 's', to_jsonb($1::uuid), 0, now(), 'b')": (
            "DELETE FROM arm_tables"
        ),
    }
    request_id = await approved(service)
    await answer(service, request_id, "done")
    for plant, remove in leftovers.items():
        await service.database.run("test.unscan", lambda c: c.execute("DELETE FROM rights_tasks WHERE step = 'scan'"))
        await service.database.run("test.plant", lambda c, plant=plant: c.execute(plant, subject))
        assert await service.desks.erasures.go_on_all() == 0
        refused(await fetch(service, request_id, "certificate"), 404, "certificate-missing")
        await service.database.run("test.remove", lambda c, remove=remove: c.execute(remove))
    assert await service.desks.erasures.go_on_all() == 1
    scan = (await certified(service, request_id))["scan"]
    assert (scan["found"], scan["tables"] > 20, scan["columns"] > 100, scan["rows"] > 0) == (0, True, True, True)
