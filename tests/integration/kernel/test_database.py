"""The one way to PostgreSQL: reads, and transactions that run again when they must."""

import asyncio

import pytest
from asyncpg import exceptions

from service.kernel.database import ATTEMPTS, Connection, Database, RunAgain
from service.kernel.problem import Unavailable
from tests.integration.kernel.noting import SOON_SECONDS, add, numbers


async def test_a_transaction_returns_what_its_work_returns(notes: Database) -> None:
    """And what it wrote is there for everybody."""

    async def work(connection: Connection) -> str:
        await add(connection, 3)
        return "done"

    assert await notes.run("test.add", work) == "done"
    assert await numbers(notes) == [1, 2, 3]


async def test_a_transaction_that_fails_leaves_nothing(notes: Database) -> None:
    """The error is the caller's to handle, and is not tried again."""
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await add(connection, 3)
        await add(connection, 1)

    with pytest.raises(exceptions.UniqueViolationError):
        await notes.run("test.add", work)
    assert (attempts, await numbers(notes)) == (1, [1, 2])


async def test_a_transaction_runs_again_as_a_whole(notes: Database) -> None:
    """What an abandoned attempt wrote is gone before the next begins."""
    attempts = 0

    async def work(connection: Connection) -> int:
        nonlocal attempts
        attempts += 1
        await add(connection, 3)
        if attempts < 3:
            raise RunAgain
        return attempts

    assert await notes.run("test.again", work) == 3
    assert await numbers(notes) == [1, 2, 3]


async def test_a_transaction_that_never_settles_is_unavailable(notes: Database) -> None:
    """After a bounded number of attempts the caller is told to come back, and nothing was written."""
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await add(connection, 3)
        raise RunAgain

    with pytest.raises(Unavailable):
        await notes.run("test.again", work)
    assert (attempts, await numbers(notes)) == (ATTEMPTS, [1, 2])


async def test_a_deadlock_is_run_again(notes: Database) -> None:
    """Two transactions that take two locks in opposite order both come to their end."""
    both_hold_one = asyncio.Barrier(2)
    attempts = 0

    async def transfer(first: int, second: int) -> None:
        met = False

        async def work(connection: Connection) -> None:
            nonlocal attempts, met
            attempts += 1
            await connection.execute("SET LOCAL deadlock_timeout = '50ms'")
            await connection.execute("UPDATE notes SET text = text || $2 WHERE number = $1", first, "x")
            if not met:
                met = True
                await both_hold_one.wait()
            await connection.execute("UPDATE notes SET text = text || $2 WHERE number = $1", second, "x")

        await notes.run("test.transfer", work)

    await asyncio.gather(transfer(1, 2), transfer(2, 1))
    assert attempts == 3
    assert [row["text"] for row in await notes.fetch("SELECT text FROM notes ORDER BY number")] == ["onexx", "twoxx"]


async def test_a_serialization_failure_is_run_again(notes: Database) -> None:
    """SQLSTATE 40001 means: the same again may work."""
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await connection.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
        await add(connection, 3)

    await notes.run("test.serialize", work)
    assert (attempts, await numbers(notes)) == (2, [1, 2, 3])


async def test_a_lock_that_cannot_be_had_in_time_is_unavailable(notes: Database) -> None:
    """Whoever waits too long is told to come back, and the holder is not disturbed."""

    async def holder(connection: Connection) -> None:
        await connection.execute("UPDATE notes SET text = 'held' WHERE number = 1")

        async def waiter(other: Connection) -> None:
            await other.execute("SET LOCAL lock_timeout = '20ms'")
            await other.execute("UPDATE notes SET text = 'late' WHERE number = 1")

        with pytest.raises(Unavailable):
            await notes.run("test.wait", waiter)

    await notes.run("test.hold", holder)
    assert await notes.fetchval("SELECT text FROM notes WHERE number = 1") == "held"


async def test_transactions_are_read_committed(notes: Database) -> None:
    """The lock order of every writer depends on it, and so does the meaning of stored times on the zone."""

    async def work(connection: Connection) -> list[str]:
        names = ("transaction_isolation", "timezone", "search_path", "transaction_read_only")
        return [await connection.fetchval(f"SHOW {name}") for name in names]

    assert await notes.run("test.show", work) == ["read committed", "UTC", "public", "off"]


async def test_reads_cannot_write(notes: Database) -> None:
    """A write outside a named transaction is a mistake, and is found at once."""
    with pytest.raises(exceptions.ReadOnlySQLTransactionError):
        await notes.fetch("INSERT INTO notes VALUES (3)")


async def test_writers_that_wait_do_not_keep_a_read_waiting(notes: Database) -> None:
    """Reads have connections of their own."""
    release, busy = asyncio.Event(), asyncio.Barrier(5)

    async def work(connection: Connection) -> None:
        await connection.fetchval("SELECT 1")
        await busy.wait()
        await release.wait()

    writers = [asyncio.create_task(notes.run_batch("test.wait", work)) for _ in range(4)]
    await busy.wait()
    assert await asyncio.wait_for(numbers(notes), SOON_SECONDS) == [1, 2]
    release.set()
    await asyncio.gather(*writers)


async def test_single_writes_leave_room_for_batches(notes: Database) -> None:
    """However many of them wait, a batch has a connection at once."""
    release = asyncio.Event()

    async def work(_: Connection) -> None:
        await release.wait()

    singles = [asyncio.create_task(notes.run("test.wait", work)) for _ in range(8)]
    await asyncio.wait_for(notes.run_batch("test.add", lambda connection: add(connection, 3)), SOON_SECONDS)
    release.set()
    await asyncio.gather(*singles)


async def test_a_caller_that_goes_away_gives_its_connection_back(notes: Database) -> None:
    """And leaves nothing behind."""

    async def leave(number: int) -> None:
        async def work(connection: Connection) -> None:
            await add(connection, number)
            await connection.execute("SELECT pg_sleep(20)")

        await notes.run_batch("test.sleep", work)

    gone = [asyncio.create_task(leave(number)) for number in (10, 11, 12, 13)]
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    async with asyncio.timeout(SOON_SECONDS):
        while await notes.fetchval(asleep) < len(gone):  # noqa: ASYNC110 - the event is in another program
            await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    await asyncio.wait_for(notes.run("test.add", lambda connection: add(connection, 3)), SOON_SECONDS)
    assert await numbers(notes) == [1, 2, 3]


async def test_json_columns_are_dictionaries_both_ways(database: Database) -> None:
    """Nobody has to encode or decode by hand."""
    value = {"text": "è", "list": [1, None, True], "nested": {"a": 1.5}}
    assert await database.fetchval("SELECT $1::jsonb", value) == value
