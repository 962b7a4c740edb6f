"""Sealing anew, under the current version of a key, whatever the tags say is sealed, while it is read and written.

The version that a value begins with tells what is left to do, so that this may stop and start again at any point. The
SQL is built from names, all of them from the catalogue.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from service.kernel.crypto import Sealer
from service.kernel.database import Connection, Database, Row
from service.kernel.datamap import Column, DataMap, Table, quoted
from service.kernel.idempotency import NOBODY

BLOCKS = 32
"""Blocks of a table that one transaction looks through, a few hundred rows each at most."""


class Sealed(NamedTuple):
    """A column whose values are sealed, and the one that says whose they are."""

    table: Table
    column: Column
    owner: str


def sealed(datamap: DataMap) -> Iterator[Sealed]:
    """Every sealed column. A value belongs to the row's subject, or to the row where that has none of its own."""
    for table in datamap.tables:
        subject = next((column.name for column in table.columns if "subject" in column.flags), table.key)
        yield from (Sealed(table, column, subject) for column in table.columns if "sealed" in column.flags)


async def reseal(database: Database, datamap: DataMap, sealer: Sealer, tell: Callable[[int, int], None]) -> int:
    """Go once through every table; returns how many values were under an older version. Raises `SealBroken`.

    A row that moves meanwhile may be missed: go through them until none was found.
    """
    columns = list(sealed(datamap))
    sizes = [await database.fetchval(_SIZE, quoted(one.table.name)) for one in columns]
    found = done = 0
    for one, size in zip(columns, sizes, strict=True):
        for start in range(0, size, BLOCKS):
            found += await _reseal(database, one, sealer, start)
            done += min(BLOCKS, size - start)
            tell(done, sum(sizes))
    return found


async def _reseal(database: Database, one: Sealed, sealer: Sealer, start: int) -> int:
    select, update = _statements(one)

    async def work(connection: Connection) -> int:
        rows = await connection.fetch(select, (start, 0), (start + BLOCKS, 0), sealer.prefix)
        new = [_anew(one, sealer, row) for row in rows]
        await connection.execute(update, [row["place"] for row in rows], [row["value"] for row in rows], new)
        return len(rows)

    return await database.run("kernel.reseal", work)


def _anew(one: Sealed, sealer: Sealer, row: Row) -> bytes:
    place = one.table.name.encode(), one.column.name.encode(), (row["owner"] or NOBODY).bytes
    return sealer.seal(sealer.open(row["value"], *place), *place)


_SIZE = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint"


def _statements(one: Sealed) -> tuple[str, str]:
    """What finds the values of some blocks under older versions, and what replaces those that are still the same."""
    table, column, owner = quoted(one.table.name), quoted(one.column.name), quoted(one.owner)
    select = f"""
        SELECT ctid AS place, {owner} AS owner, {column} AS value FROM {table}
        WHERE ctid >= $1 AND ctid < $2 AND {column} < $3
    """  # noqa: S608 - names from the catalogue
    update = f"""
        UPDATE {table} t SET {column} = n.new FROM unnest($1::tid[], $2::bytea[], $3::bytea[]) AS n (place, old, new)
        WHERE t.ctid = n.place AND t.{column} = n.old
    """  # noqa: S608 - the same
    return select, update
