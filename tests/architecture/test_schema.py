"""The schema: what the migrations make is what the snapshot shows, and every column says what it holds of a person."""

import asyncpg
import pytest

from service.kernel import datamap
from service.kernel.database import Database
from service.kernel.migrate import migrate, snapshot
from service.subjects.keys.model import FOLDER
from tests.architecture.documents import ROOT
from tests.running import keyring_beside


@pytest.fixture(params=["main", "keyring"])
def either_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """The address of one database and of the other."""
    return database_url if request.param == "main" else keyring_beside(database_url)


async def test_the_snapshot_is_what_the_migrations_make(database_url: str) -> None:
    """migrations/schema.sql is what `placet schema` would write."""
    assert (ROOT / "migrations/schema.sql").read_text() == await snapshot(database_url)


async def test_the_snapshot_of_the_keyring_is_what_its_migrations_make(database_url: str) -> None:
    """migrations/keyring/schema.sql is what `placet schema` would write."""
    assert (FOLDER / "schema.sql").read_text() == await snapshot(keyring_beside(database_url))


async def test_migrating_again_does_nothing(database_url: str) -> None:
    """A migrated database is left as it is."""
    assert await migrate(database_url) == await migrate(keyring_beside(database_url), FOLDER) == []


async def test_every_column_says_what_it_holds(either_url: str) -> None:
    """Reading the data map raises for any column or table without a comment that ends with its tag."""
    database = Database(either_url, size=1)
    try:
        tables = (await datamap.read(database)).tables
    finally:
        await database.close()
    assert sum(len(table.columns) for table in tables) == await _columns(either_url)


async def _columns(either_url: str) -> int:
    connection = await asyncpg.connect(either_url)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"
        )
    finally:
        await connection.close()


async def test_a_row_of_a_person_leads_to_the_person(either_url: str) -> None:
    """A table with personal data says which column names the subject, so that access and erasure find its rows.

    What an erasure leaves on purpose, and nothing else, may lead to nobody.
    """
    database = Database(either_url, size=1)
    try:
        tables = (await datamap.read(database)).tables
    finally:
        await database.close()
    assert [t.name for t in tables if t.owner is None and any(c.erase != "keep" for c in t.personal)] == []
