"""The roles of the database: everything works with what they are granted, and the ledger is only added to."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from service.consent.consequences import Consequences
from service.decisioning.learning import arms
from service.kernel import datamap
from service.kernel.database import Database
from service.rights.erasure.composing import eraser_of
from service.rights.retention.commands import Retention
from service.subjects.keyring import load_key_file
from tests.consenting import DAY, NOON, text
from tests.filing import erase, fetch, file
from tests.granting import ROLES, as_role, grant
from tests.integration.cli.playing import until
from tests.linking import link
from tests.living import go_wrong, live
from tests.planting import Planted
from tests.process import process_beside, worker_beside
from tests.reporting import report, shown
from tests.running import Running, customer, keyring_beside
from tests.visiting import walk

TREE = {"ledger_leaves": "leaf_hash", "ledger_nodes": "hash", "ledger_checkpoints": "root"}
CHANGE = "UPDATE ledger_entries SET"
STRAY = """
INSERT INTO subject_keys (subject_id, epoch, data_key, pseudonym_secret, created_at)
SELECT gen_random_uuid(), epoch, '', '', now() - interval '2 hours' FROM epochs
"""
"""Keys that were made for somebody who never came to be."""
APPROVED = "UPDATE rights_requests SET state = 'running' WHERE request_id = $1"
ADA = customer("ada")


@pytest.fixture
async def granted(service: Running) -> str:
    """The database with its roles, whose keyring has them too."""
    for _ in range(2):
        await grant(service.database_url)
        await grant(keyring_beside(service.database_url), "migrations/keyring")
    return service.database_url


async def test_the_service_does_everything_under_its_roles(
    service: Running, granted: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Serving has what it needs, and erasing a role of its own: nothing that people do fails for want of a right."""
    planted, log = Planted(), tmp_path / "log"
    roles = {
        "PLACET_DATABASE_URL": as_role(granted, "placet_serving"),
        "PLACET_ERASURE_URL": as_role(granted, "placet_erasure"),
        "PLACET_KEYRING_URL": as_role(keyring_beside(granted), "placet_serving"),
    }
    async with process_beside(service, policies_dir, log, works=False, **roles) as process:
        await live(process, planted)
        await go_wrong(process, planted)
        await link(process, planted.cookies[-1], planted.phone)
        await erase(process, planted.phone, planted.email, planted.customer)
        assert not (await process.check(planted.email, "analytics"))["allowed"]
    assert '"status":5' not in log.read_text()
    assert await service.database.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'erasure'") == 4


async def test_the_worker_does_everything_under_its_role(
    service: Running, granted: str, policies_dir: Path, tmp_path: Path
) -> None:
    """What a withdrawal left is deleted, old answers are forgotten and the tree grows: the worker may do that."""
    await service.give(ADA, "analytics", headers={"Idempotency-Key": "ada"})
    contacts = [{"subject": ADA, "event": "search", "channel": "web", "occurred_at": text(NOON)} for _ in range(500)]
    for _ in range(3):
        await service.touch_all(contacts)
    await service.withdraw(ADA)
    age = "UPDATE idempotency SET created_at = created_at - interval '2 days'"
    await service.database.run("test.age", lambda c: c.execute(age))
    left = ("touchpoints", "deletions", "idempotency", "ledger_queue")
    assert [await service.count(name) > 0 for name in left] == [True] * len(left)
    keyring = service.desks.keys.database
    await keyring.run("test.stray", lambda c: c.execute(STRAY))

    left_over = (await file(service, "erasure", customer("bob")))["request_id"]
    await service.give(customer("bob"), "analytics")
    await service.database.run("test.approved", lambda c: c.execute(APPROVED, UUID(left_over)))

    async def done() -> bool:
        if (await fetch(service, left_over, "certificate")).status_code != 200:
            return False
        kept = await keyring.fetchval("SELECT count(*) FROM subject_keys WHERE data_key = ''")
        tables = [await service.count(name) for name in left]
        return not any([kept, *tables]) and await service.count("ledger_checkpoints") > 0

    roles = {
        "PLACET_DATABASE_URL": as_role(granted, "placet_worker"),
        "PLACET_ERASURE_URL": as_role(granted, "placet_erasure"),
        "PLACET_KEYRING_URL": as_role(keyring_beside(granted), "placet_worker"),
    }
    async with worker_beside(service, policies_dir, tmp_path / "log", **roles):
        await until(done)


async def test_retention_does_everything_under_its_roles(service: Running, granted: str) -> None:
    """What was kept long enough is deleted, and whoever is inactive purged: worker and eraser together may do that."""
    worker, eraser = (Database(as_role(granted, role), size=1) for role in ("placet_worker", "placet_erasure"))
    desks = service.desks
    known = await datamap.read(service.database)
    retention = Retention(
        database=worker,
        erasing=eraser,
        policy=desks.policy,
        consequences=Consequences(datamap=known, policy=desks.policy, unlearn=arms.unlearn),
        datamap=known,
        eraser=eraser_of(desks.policy, desks.subjects, known, load_key_file(desks.settings)),
    )
    try:
        for subject, days in ((ADA, 731), (customer("bob"), 1100)):
            at = datetime.now(UTC) - days * DAY
            await walk(service, subject, at=at)
            await report(service, await shown(service, subject, now=text(at)), "click", now=text(at))
        await erase(service, customer("eve"))
        age = "UPDATE rights_requests SET closed_at = closed_at - interval '4 years'"
        await service.database.run("test.age", lambda c: c.execute(age))
        dry, done = await retention.run(dry_run=True), await retention.run()
    finally:
        await worker.close()
        await eraser.close()
    gone = {"decisions", "interactions", "rights_approvals", "rights_requests", "subjects", "touchpoints"}
    assert gone <= {each.table for each in dry.gone} & {each.table for each in done.gone}


async def refused(url: str, role: str, statement: str) -> bool:
    """Whether PostgreSQL lets no session with the rights of a role do this."""
    connection = await asyncpg.connect(as_role(url, role))
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    finally:
        await connection.close()
    return False


@pytest.mark.parametrize("role", ROLES)
async def test_no_role_changes_what_the_ledger_committed_to(service: Running, granted: str, role: str) -> None:
    """The ledger is only added to: PostgreSQL deletes nothing and changes no commitment, whatever the service asks."""
    await service.give(ADA, "analytics")
    for name in ("ledger_entries", *TREE):
        for verb in ("DELETE FROM", "TRUNCATE", "DROP TABLE"):
            assert await refused(granted, role, f"{verb} {name}")
    for name, column in TREE.items():
        assert await refused(granted, role, f"UPDATE {name} SET {column} = ''")  # noqa: S608 - names of this test
    for change in ("commitment = ''", "recorded_at = now()", "kind = 'x'", "subject_id = gen_random_uuid()"):
        assert await refused(granted, role, f"{CHANGE} {change}")
    for change in ("payload = NULL", "evidence = NULL", "salt = NULL"):
        assert await refused(granted, role, f"{CHANGE} {change}") == (role != "placet_erasure")
    for name in ("migrations", "api_keys", "officers"):
        assert await refused(granted, role, f"INSERT INTO {name} DEFAULT VALUES")


async def test_no_role_changes_a_key(granted: str) -> None:
    """A stolen password of a process cannot put another key in the place of one; what it reads is wrapped."""
    keyring = keyring_beside(granted)
    for role in ("placet_serving", "placet_worker"):
        for change in (
            "UPDATE subject_keys SET data_key = ''",
            "UPDATE epochs SET ended_at = now()",
            "DELETE FROM epochs",
        ):
            assert await refused(keyring, role, change)
        assert not await refused(keyring, role, "SELECT data_key FROM subject_keys")


async def test_a_role_that_may_not_erase_is_told_at_the_start(
    service: Running, granted: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Who serves under the narrow role alone hears of it before the first erasure does."""
    log = tmp_path / "log"
    url = {"PLACET_DATABASE_URL": as_role(granted, "placet_serving")}
    with pytest.raises(AssertionError, match="PLACET_ERASURE_URL"):
        async with process_beside(service, policies_dir, log, works=False, **url):
            pass


async def test_a_role_without_rights_ends_the_start_with_a_sentence(
    service: Running, granted: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A role that lacks a right is told what to run, and no traceback."""
    log = tmp_path / "log"
    url = {"PLACET_DATABASE_URL": as_role(granted, "placet_worker")}
    with pytest.raises(AssertionError, match=r"migrations/roles\.sql"):
        async with process_beside(service, policies_dir, log, works=False, **url):
            pass
    assert "Traceback" not in log.read_text()
