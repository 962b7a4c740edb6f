"""What the tests of the kernel ask for beside a migrated database."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from service.kernel.database import Connection, Database
from tests.running import Running


@pytest.fixture
async def empty_database_url(postgres: str) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"empty_{uuid4().hex}"
    connection = await asyncpg.connect(postgres)
    await connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgres.rpartition('/')[0]}/{name}"
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database as the service reaches it."""
    database = Database(database_url, size=4)
    yield database
    await database.close()


@pytest.fixture
async def untouched(service: Running) -> AsyncIterator[Running]:
    """The service; whatever a test asked of it, no table has another number of rows afterwards."""
    before = await service.contents()
    yield service
    assert await service.contents() == before


@pytest.fixture
async def notes(database: Database) -> Database:
    """A database with a small table to write to."""

    async def work(connection: Connection) -> None:
        await connection.execute("CREATE TABLE notes (number int PRIMARY KEY, text text NOT NULL DEFAULT '')")
        await connection.execute("INSERT INTO notes VALUES (1, 'one'), (2, 'two')")

    await database.run("test.prepare", work)
    return database
