"""A transaction that only reads, and sees one moment."""

import pytest
from asyncpg.exceptions import ReadOnlySQLTransactionError

from service.kernel.database import Connection, Database

COUNT = "SELECT count(*) FROM officers"
ADD = "INSERT INTO officers VALUES (gen_random_uuid(), 'one', 'one', '')"


async def test_what_is_committed_meanwhile_is_not_seen(database: Database) -> None:
    """Every read of the transaction sees what the first one saw."""

    async def read(connection: Connection) -> list[int]:
        before = await connection.fetchval(COUNT)
        await database.run("test.add", lambda other: other.execute(ADD))
        return [before, await connection.fetchval(COUNT)]

    assert await database.at_one_moment(read) == [0, 0]
    assert await database.fetchval(COUNT) == 1


async def test_nothing_is_written(database: Database) -> None:
    """A write is refused by the database itself."""
    with pytest.raises(ReadOnlySQLTransactionError):
        await database.at_one_moment(lambda connection: connection.execute(ADD))
