"""Two databases and no transaction over both: what a kill between two commits leaves is found and finished."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest

from service.subjects.keys.commands import shred_due, sweep
from tests.filing import approve, file
from tests.integration.cli.playing import until
from tests.process import process_beside
from tests.running import Running, customer

ADA = customer("ada")
LOCK_KEYS = "LOCK TABLE subject_keys IN SHARE MODE"
LOCK_LOOKUPS = "LOCK TABLE lookups IN SHARE MODE"
AN_HOUR_AGO = "UPDATE subject_keys SET created_at = created_at - interval '1 hour'"


async def so(connection: asyncpg.Connection, question: str) -> None:
    """Wait until a question to a database is answered with yes."""

    async def answered() -> bool:
        return await connection.fetchval(question)

    await until(answered)


async def killed(process: Running) -> None:
    """SIGKILL the process of a service."""
    assert process.process is not None
    process.process.kill()
    await process.process.wait()


async def test_keys_without_a_subject_are_swept_after_an_hour(
    service: Running,
    connection: asyncpg.Connection,
    keyring: asyncpg.Connection,
    policies_dir: Path,
    tmp_path: Path,
) -> None:
    """Killed between the commit of a key and that of its subject, a service leaves a key that is swept, not sooner."""
    await service.give(customer("bob"), "analytics")
    async with process_beside(service, policies_dir, tmp_path / "log") as process, connection.transaction():
        await connection.execute(LOCK_LOOKUPS)
        recording = asyncio.create_task(process.give(ADA, "analytics"))
        await so(keyring, "SELECT count(*) = 2 FROM subject_keys")
        await killed(process)
        with pytest.raises(httpx.TransportError):
            await recording
    assert await service.count("subjects") == 1
    assert await sweep(service.database, service.keyring) == 0
    await keyring.execute(AN_HOUR_AGO)
    assert await sweep(service.database, service.keyring) == 1
    (left,) = await keyring.fetch("SELECT subject_id FROM subject_keys")
    assert left["subject_id"] == await connection.fetchval("SELECT subject_id FROM subjects")
    await service.give(ADA, "analytics", evidence={"screen": "banner"})


async def test_what_was_looked_at_is_not_looked_at_again(
    service: Running, connection: asyncpg.Connection, keyring: asyncpg.Connection
) -> None:
    """A sweep goes on where the last one ended: whoever was there stays, also where the main database is another."""
    await service.give(ADA, "analytics")
    await keyring.execute(AN_HOUR_AGO)
    assert await sweep(service.database, service.keyring) == 0
    await connection.execute("DELETE FROM subjects")
    assert await sweep(service.database, service.keyring) == 0
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys") == 1


async def test_an_erasure_killed_before_the_keys_are_gone_is_finished_by_the_worker(
    service: Running,
    connection: asyncpg.Connection,
    keyring: asyncpg.Connection,
    policies_dir: Path,
    tmp_path: Path,
) -> None:
    """Killed between the commit of an erasure and that of the shredding, the next worker shreds, and records it."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    async with process_beside(service, policies_dir, tmp_path / "log") as process, keyring.transaction():
        await keyring.execute(LOCK_KEYS)
        erasing = asyncio.create_task(approve(process, request_id))
        await so(connection, "SELECT state = 'erased' FROM subjects")
        await killed(process)
        with pytest.raises(httpx.TransportError):
            await erasing
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys") == 1
    assert await connection.fetchval("SELECT shredded_at FROM subjects") is None
    async with process_beside(service, policies_dir, tmp_path / "log"):
        await so(connection, "SELECT shredded_at IS NOT NULL FROM subjects")
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys") == 0


async def test_an_erasure_killed_before_the_shredding_is_recorded_is_finished(
    service: Running, connection: asyncpg.Connection
) -> None:
    """Where the keys are gone and nobody knows, shredding again does nothing but say so, once."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    await approve(service, request_id)
    when = await connection.fetchval("SELECT shredded_at FROM subjects")
    assert when is not None
    await connection.execute("UPDATE subjects SET shredded_at = NULL")
    assert await shred_due(service.database, service.keyring) == 1
    again = await connection.fetchval("SELECT shredded_at FROM subjects")
    assert await shred_due(service.database, service.keyring) == 0
    assert when < again == await connection.fetchval("SELECT shredded_at FROM subjects")


async def test_whoever_is_known_keeps_their_key(service: Running, keyring: asyncpg.Connection) -> None:
    """A key is made once for each subject, and never for one that exists."""
    await service.give(ADA, "analytics")
    before = await keyring.fetch("SELECT * FROM subject_keys")
    await service.give(ADA, "analytics", "personalization", evidence={"screen": "banner"})
    await service.withdraw(ADA)
    assert await keyring.fetch("SELECT * FROM subject_keys") == before
    await asyncio.gather(*(service.give(customer(f"other {n}"), "analytics") for n in range(20)))
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys") == await service.count("subjects") == 21
