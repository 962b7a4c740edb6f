"""R11: an erasure that is killed converges, with exactly one certificate."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.filing import claims, fetch, file
from tests.killing import POINTS
from tests.process import ROOT
from tests.running import Running, customer, succeeded

ADA = customer("ada")
APPROVED = "UPDATE rights_requests SET state = 'running' WHERE request_id = $1"
COUNTS = {
    "erasure entries": "SELECT count(*) FROM ledger_entries WHERE kind = 'erasure'",
    "completions": "SELECT count(*) FROM ledger_entries WHERE payload ->> 'state' = 'completed'",
    "shredded": "SELECT count(*) FROM subjects WHERE state = 'erased' AND shredded_at IS NOT NULL",
    "suppressions": "SELECT count(*) FROM suppressions",
    "steps": "SELECT count(*) - 7 FROM rights_tasks",
}


@pytest.mark.rule("R11")
@pytest.mark.parametrize("point", POINTS)
async def test_an_erasure_that_is_killed_ends_in_one_certificate(
    service: Running, policies_dir: Path, point: str
) -> None:
    """Killed before or after any of its transactions, an erasure is finished by whoever comes next, once."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    await service.database.run("test.approved", lambda c: c.execute(APPROVED, UUID(request_id)))
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.killing", point, request_id),
        cwd=ROOT,
        env=own | service.settings() | {"PLACET_POLICIES_DIR": str(policies_dir)},
    )
    assert await child.wait() == -signal.SIGKILL
    others = await asyncio.gather(*(service.desks.erasures.go_on_all() for _ in range(3)))
    assert sum(others) == (0 if point == POINTS[-1] else 1)
    told = await claims(service, succeeded(await fetch(service, request_id, "certificate"))["certificate"])
    assert (told["subjects"], told["rows"]["consent_state"]) == (1, 1)
    found = {name: await service.database.fetchval(query) for name, query in COUNTS.items()}
    assert found == dict.fromkeys(COUNTS, 1)
    assert await service.keyring.fetchval("SELECT count(*) FROM subject_keys") == 0
    lines = (service.data_dir / "erasures.journal").read_text().splitlines()
    assert len(lines) in (1, 2)
