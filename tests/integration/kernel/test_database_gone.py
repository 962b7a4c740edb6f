"""A database that goes and comes back, and one that takes no writes: unavailable meanwhile, found again afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from service.kernel import database as module
from service.kernel import pool
from service.kernel.database import Connection, Database
from service.kernel.problem import Unavailable
from tests.integration.kernel.noting import SOON_SECONDS, add, numbers
from tests.line import Line, line


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
    monkeypatch.setattr(pool, "CONNECT_SECONDS", 0.3)
    to_it, _ = far
    database = Database(to_it.url, size=3)
    await database.fetchval("SELECT 1")
    to_it.hold()
    async with asyncio.timeout(SOON_SECONDS):
        answers = await asyncio.gather(*(database.fetchval("SELECT 1") for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    to_it.release()
    assert await database.fetchval("SELECT 1") == 1
    await database.close()


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
