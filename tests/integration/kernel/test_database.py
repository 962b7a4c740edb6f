"""The one way to PostgreSQL: transactions that run again when they must, and a database that may go and come back."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from asyncpg import exceptions

from service.kernel import database as module
from service.kernel.database import ATTEMPTS, Connection, Database, RunAgain
from service.kernel.problem import Unavailable
from tests.line import Line, line

SOON_SECONDS = 5.0


@pytest.fixture
async def notes(database: Database) -> Database:
    """A database with a small table to write to."""

    async def work(connection: Connection) -> None:
        await connection.execute("CREATE TABLE notes (number int PRIMARY KEY, text text NOT NULL DEFAULT '')")
        await connection.execute("INSERT INTO notes VALUES (1, 'one'), (2, 'two')")

    await database.run("test.prepare", work)
    return database


async def add(connection: Connection, number: int) -> None:
    """Add a note."""
    await connection.execute("INSERT INTO notes (number) VALUES ($1)", number)


async def numbers(database: Database) -> list[int]:
    """The notes that there are."""
    return [row["number"] for row in await database.fetch("SELECT number FROM notes ORDER BY number")]


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
    release, busy = asyncio.Event(), asyncio.Barrier(4)

    async def work(connection: Connection) -> None:
        await connection.fetchval("SELECT 1")
        await busy.wait()
        await release.wait()

    writers = [asyncio.create_task(notes.run("test.wait", work)) for _ in range(3)]
    await busy.wait()
    assert await asyncio.wait_for(numbers(notes), SOON_SECONDS) == [1, 2]
    release.set()
    await asyncio.gather(*writers)


async def test_a_caller_that_goes_away_gives_its_connection_back(notes: Database) -> None:
    """And leaves nothing behind."""

    async def leave(number: int) -> None:
        async def work(connection: Connection) -> None:
            await add(connection, number)
            await connection.execute("SELECT pg_sleep(20)")

        await notes.run("test.sleep", work)

    gone = [asyncio.create_task(leave(number)) for number in (10, 11, 12)]
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


async def test_an_address_where_nobody_listens_is_unavailable(unused_tcp_port: int) -> None:
    """Reads and writes say so alike, with the time after which asking again makes sense."""
    nowhere = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none")

    async def work(connection: Connection) -> None:
        await connection.execute("SELECT 1")

    for ask in (lambda: nowhere.fetch("SELECT 1"), lambda: nowhere.run("test.work", work)):
        with pytest.raises(Unavailable) as raised:
            await ask()
        assert raised.value.headers["Retry-After"] == "1"
    await nowhere.close()


@pytest.fixture
async def far(database_url: str) -> AsyncIterator[tuple[Line, Database]]:
    """A database at the end of a line that can be cut."""
    async with line(database_url) as to_it:
        database = Database(to_it.url, size=3)
        yield to_it, database
        await database.close()


async def test_a_database_that_comes_back_is_found_again(far: tuple[Line, Database]) -> None:
    """While the line is cut every call is unavailable; the first one afterwards succeeds."""
    to_it, database = far

    async def work(connection: Connection) -> int:
        return await connection.fetchval("SELECT 1")

    for _ in range(2):
        assert await database.fetchval("SELECT 1") == await database.run("test.work", work) == 1
        await to_it.cut()
        for _ in range(3):
            with pytest.raises(Unavailable):
                await database.fetchval("SELECT 1")
            with pytest.raises(Unavailable):
                await database.run("test.work", work)
        await to_it.mend()
    assert await database.fetchval("SELECT 1") == await database.run("test.work", work) == 1


async def test_a_line_that_is_cut_during_a_transaction_is_unavailable(far: tuple[Line, Database]) -> None:
    """Nothing of it was written, and the next transaction succeeds."""
    to_it, database = far

    async def cut_short(connection: Connection) -> None:
        await connection.execute("CREATE TABLE half (a int)")
        await to_it.cut()
        await connection.execute("SELECT 1")

    with pytest.raises(Unavailable):
        await database.run("test.work", cut_short)
    await to_it.mend()
    assert await database.fetchval("SELECT to_regclass('half')") is None


async def test_many_callers_of_a_database_that_is_gone_are_all_told_soon(far: tuple[Line, Database]) -> None:
    """They do not queue behind one another's attempts to connect."""
    to_it, database = far
    await database.fetchval("SELECT 1")
    await to_it.cut()
    began = time.monotonic()
    answers = await asyncio.gather(*(database.fetchval("SELECT 1") for _ in range(200)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert time.monotonic() - began < SOON_SECONDS


async def test_a_database_that_does_not_answer_is_unavailable(
    far: tuple[Line, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read waits for seconds at most, however long the line holds, and the next one finds the database again."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.3)
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)
    to_it, database = far
    await database.fetchval("SELECT 1")
    to_it.hold()
    async with asyncio.timeout(SOON_SECONDS):
        answers = await asyncio.gather(*(database.fetchval("SELECT 1") for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    to_it.release()
    assert await database.fetchval("SELECT 1") == 1


async def end_all(database_url: str) -> None:
    """End every other connection to a database, as its restart does."""
    operator = await asyncpg.connect(database_url)
    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    await operator.execute(f"{others} AND pid <> pg_backend_pid()")
    await operator.close()


async def test_a_connection_that_the_server_ended_is_replaced_unnoticed(notes: Database, database_url: str) -> None:
    """A restart between two reads costs nobody an answer, also when nobody had the time to notice it."""
    await notes.fetchval("SELECT 1")
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, end_all(database_url)).result()  # while nothing else happens here
    assert await numbers(notes) == [1, 2]


async def test_a_read_that_cannot_keep_its_connection_is_unavailable(notes: Database) -> None:
    """It is tried twice and no more."""
    with pytest.raises(Unavailable):
        await notes.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await numbers(notes) == [1, 2]


async def test_a_connection_lost_before_the_commit_is_unavailable(notes: Database) -> None:
    """The server ended it, so nobody may think that it happened."""

    async def work(connection: Connection) -> None:
        await add(connection, 3)
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        await notes.run("test.killed", work)
    assert await numbers(notes) == [1, 2]


async def hand_over(postgres: str, database_url: str, value: str) -> None:
    """Let the server take no writes from the next connection on ("on"), or take them again ("off")."""
    operator = await asyncpg.connect(postgres)
    name = database_url.rpartition("/")[2]
    await operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
    await operator.close()


async def test_a_server_that_takes_no_writes_is_unavailable(notes: Database, postgres: str, database_url: str) -> None:
    """After a failover writes are unavailable until the address leads to a server that takes them; reads go on."""
    await hand_over(postgres, database_url, "on")
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, end_all(database_url)).result()
    for _ in range(5):
        with pytest.raises(Unavailable):
            await notes.run("test.add", lambda connection: add(connection, 3))
        assert await numbers(notes) == [1, 2]
    await hand_over(postgres, database_url, "off")
    await notes.run("test.add", lambda connection: add(connection, 3))
    assert await numbers(notes) == [1, 2, 3]
