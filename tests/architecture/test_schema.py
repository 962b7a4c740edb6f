"""The schema: what the migrations make is what the snapshot shows, and every column says what it holds of a person."""

import asyncpg

from service.kernel import datamap
from service.kernel.database import Database
from service.kernel.migrate import migrate, snapshot
from tests.architecture.documents import ROOT


async def test_the_snapshot_is_what_the_migrations_make(database_url: str) -> None:
    """migrations/schema.sql is what `placet schema` would write."""
    assert (ROOT / "migrations/schema.sql").read_text() == await snapshot(database_url)


async def test_migrating_again_does_nothing(database_url: str) -> None:
    """A migrated database is left as it is."""
    assert await migrate(database_url) == []


async def test_every_column_says_what_it_holds(database_url: str) -> None:
    """Reading the data map raises for any column or table without a comment that ends with its tag."""
    database = Database(database_url, size=1)
    try:
        tables = (await datamap.read(database)).tables
    finally:
        await database.close()
    assert sum(len(table.columns) for table in tables) == await _columns(database_url)


async def _columns(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"
        )
    finally:
        await connection.close()


async def test_a_row_of_a_person_leads_to_the_person(database_url: str) -> None:
    """A table with personal data says which column names the subject, so that access and erasure find its rows."""
    database = Database(database_url, size=1)
    try:
        tables = (await datamap.read(database)).tables
    finally:
        await database.close()
    assert [table.name for table in tables if table.personal and table.owner is None] == []
