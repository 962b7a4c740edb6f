"""A restored backup brings nobody back: nothing is served from it until the erasures since have been replayed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from service.kernel.problem import Unavailable
from service.rights.journal.file import Journal
from tests.filing import REQUESTS, approve_all, erase, file
from tests.integration.cli.playing import ROOT, Ended, ended, until
from tests.restoring import backed_up, dump, restore, restore_dump
from tests.running import Running, customer, refused, running, succeeded
from tests.sequencing import sequencer_of

ADA, BEA = customer("ada"), customer("bea")
SUBJECTS = "SELECT count(*) FROM subjects WHERE state = 'active'"


async def placet(service: Running, *arguments: str) -> Ended:
    """A command on this deployment, run to its end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", *arguments),
        cwd=ROOT,
        env=own | service.settings(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


@asynccontextmanager
async def restored(database_url: str, policies_dir: Path, data_dir: Path, *, filed: bool) -> AsyncIterator[Running]:
    """A deployment that erased Ada, whose database comes from before; with her request in it where that was `filed`."""
    async with running(database_url, policies_dir, data_dir) as service:
        await service.give(ADA, "analytics")
        await service.give(BEA, "analytics")
        before = (await file(service, "erasure", ADA))["request_id"] if filed else None
    async with backed_up(database_url) as backup:
        async with running(database_url, policies_dir, data_dir) as service:
            request_id = before or (await file(service, "erasure", ADA))["request_id"]
            assert (await approve_all(service, request_id))["state"] == "completed"
        await restore(database_url, backup)
        yield service


@pytest.mark.rule("R13")
@pytest.mark.parametrize("filed", [False, True], ids=["request not in the backup", "request in the backup"])
async def test_nothing_starts_until_the_erased_are_erased_again(
    database_url: str, policies_dir: Path, tmp_path: Path, filed: bool
) -> None:
    """Serving and working refuse with the remedy; after the replay the first answer already knows Ada no longer."""
    async with restored(database_url, policies_dir, tmp_path / "data", filed=filed) as gone:
        for command in (["serve"], ["work"]):
            refusal = await placet(gone, *command)
            assert refusal.status == 1, refusal
            assert "placet rights replay" in refusal.complained
        with pytest.raises(Unavailable, match="placet rights replay"):
            async with running(database_url, policies_dir, tmp_path / "data"):
                pass
        replayed = await placet(gone, "rights", "replay")
        assert (replayed.status, replayed.said.split(";")[0]) == (0, "1 erasures were done again"), replayed
        async with running(database_url, policies_dir, tmp_path / "data") as service:
            assert (await service.check(ADA, "analytics"))["reason"] == "unknown"
            assert (await service.check(BEA, "analytics"))["allowed"]
            (row,) = await service.database.fetch("SELECT state, certificate FROM rights_requests")
            assert (row["state"], row["certificate"]) == ("completed", None)
            imported = {"collected_at": "2026-01-01T00:00:00Z", "method": "import"}
            answer = await service.record(ADA, {"analytics": "given"}, **imported)
            refused(answer, 409, "suppressed")


@pytest.mark.rule("R13")
async def test_replaying_twice_does_nothing(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """The second time nothing is left to do, and there is one entry of the erasure."""
    async with restored(database_url, policies_dir, tmp_path / "data", filed=False) as gone:
        await placet(gone, "rights", "replay")
        again = await placet(gone, "rights", "replay")
        assert (again.status, again.said.split(";")[0]) == (0, "0 erasures were done again"), again
        async with running(database_url, policies_dir, tmp_path / "data") as service:
            entries = "SELECT count(*) FROM ledger_entries WHERE kind = 'erasure'"
            assert await service.database.fetchval(entries) == 1
            assert await service.database.fetchval(SUBJECTS) == 1
            assert await service.count("consent_proofs") == 1


@pytest.mark.rule("R13")
async def test_who_came_again_after_the_erasure_stays(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A backup that has the erasure, and the same person's fresh grant since, is served as it is."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        await service.give(ADA, "analytics")
        await erase(service, ADA)
        await service.give(ADA, "analytics")
        request_id = (await file(service, "erasure", BEA))["request_id"]
    async with backed_up(database_url) as backup:
        async with running(database_url, policies_dir, tmp_path / "data") as service:
            await approve_all(service, request_id)
        await restore(database_url, backup)
        replayed = await placet(service, "rights", "replay")
        assert replayed.status == 0, replayed
        async with running(database_url, policies_dir, tmp_path / "data") as service:
            assert (await service.check(ADA, "analytics"))["allowed"]


@pytest.mark.rule("R13")
async def test_a_restore_beneath_a_running_service_is_refused_at_once(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """The first request after it is 503, and so is readiness; after the replay the same process serves again."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        await service.give(ADA, "analytics")
    async with backed_up(database_url) as backup, running(database_url, policies_dir, tmp_path / "data") as service:
        await erase(service, ADA)
        await restore(database_url, backup)
        question = {"subject": ADA, "purposes": ["analytics"]}
        answer = await service.post("/v1/consents/check", question)
        assert (answer.status_code, 'allowed":true' in answer.text) == (503, False), answer.text
        refused(await service.get("/health/ready"), 503, "replay-needed")
        refused(await service.get(REQUESTS, key=service.officers[0]), 503, "replay-needed")
        assert (await placet(service, "rights", "replay")).status == 0

        async def answers() -> bool:
            return (await service.get("/health/ready")).status_code == 200

        await until(answers)
        assert (
            succeeded(await service.post("/v1/consents/check", question))["results"]["analytics"]["reason"] == "unknown"
        )


@pytest.mark.rule("R13")
async def test_an_erasure_that_is_going_on_stops_nobody(service: Running) -> None:
    """A line whose request runs in the database is no sign of a backup: the worker finishes it."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    await approve_all(service, request_id)
    journal = Journal(service.desks.settings.journal)
    (line,) = journal.read().lines
    assert str(line.request_id) == request_id
    await service.database.run("test.undo", lambda c: c.execute("UPDATE rights_requests SET state = 'running'"))
    await service.database.run("test.undo", lambda c: c.execute("UPDATE subjects SET state = 'active'"))
    service.database.expire()
    succeeded(await service.get("/health/ready"))


@pytest.mark.rule("R13")
async def test_a_damaged_journal_stops_everything(service: Running) -> None:
    """Nobody can say whose erasure the line was."""
    await service.give(ADA, "analytics")
    await erase(service, ADA)
    path = service.desks.settings.journal
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"request_id"', f'"{uuid4()}"'.encode(), 1))
    service.database.expire()
    refused(await service.get("/health/ready"), 503, "replay-needed")
    path.write_bytes(content)
    succeeded(await service.get("/health/ready"))


@pytest.mark.rule("R13")
async def test_a_dump_is_restored_as_the_runbook_says(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """What pg_dump took before an erasure and a withdrawal, pg_restore brings back; neither of the two is served."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        await service.give(ADA, "analytics")
        await service.give(BEA, "analytics")
        await sequencer_of(service).run()
        await dump(database_url, tmp_path / "backup")
        await erase(service, ADA)
        await service.withdraw(BEA)
        await sequencer_of(service).run()
    await restore_dump(database_url, tmp_path / "backup")
    assert "placet rights replay" in (await placet(service, "serve")).complained
    replayed = await placet(service, "rights", "replay")
    assert replayed.status == 0, replayed
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        for subject in (ADA, BEA):
            question = {"subject": subject, "purposes": ["analytics"]}
            refused(await service.post("/v1/consents/check", question), 503, "check-unavailable")
        await service.withdraw(BEA)
        body = {"note": "Bea's withdrawal stood in the log of the newsletter."}
        succeeded(await service.post("/v1/ledger/gap/closures", body, key=service.officers[0]), 201)
        await sequencer_of(service).run()
        await until(lambda: not service.desks.gap.open)
        assert (await service.check(ADA, "analytics"))["reason"] == "unknown"
        assert (await service.check(BEA, "analytics"))["reason"] == "withdrawn"
    verified = await placet(service, "ledger", "verify")
    assert verified.status == 0, verified
    assert "entries are missing" in verified.said
