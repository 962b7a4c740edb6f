"""A small table to write to, for the tests of transactions and of a database that is gone."""

from service.kernel.database import Connection, Database

SOON_SECONDS = 5.0


async def add(connection: Connection, number: int) -> None:
    """Add a note."""
    await connection.execute("INSERT INTO notes (number) VALUES ($1)", number)


async def numbers(database: Database) -> list[int]:
    """The notes that there are."""
    return [row["number"] for row in await database.fetch("SELECT number FROM notes ORDER BY number")]
