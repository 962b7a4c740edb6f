"""What retention looks for in the database, and deletes. Its statements name the tables of the data map."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Connection
from service.kernel.datamap import DataMap, quoted
from service.kernel.queries import load
from service.rights.retention.model import Elsewhere, Window
from service.rights.retention.schedule import SCHEDULE, Until

QUERIES = load(__package__)
REQUESTS = "rights_requests"
RETAINING = 5_307_146_992
"""Names the advisory lock of whoever deletes; a number chosen once."""


class Look(Struct, frozen=True):
    """Whose rows were seen, and when the last of them was recorded; None once all of the window was seen."""

    subjects: Sequence[UUID]
    last: datetime | None


async def require_alone(connection: Connection) -> None:
    """Be the only process that deletes, until the transaction ends; raises `Elsewhere`."""
    if not await connection.fetchval(QUERIES["alone"], RETAINING):
        raise Elsewhere


async def clock(connection: Connection) -> datetime:
    """The database's clock."""
    return await connection.fetchval(QUERIES["clock"])


async def mark(connection: Connection, window: Window) -> datetime | None:
    """From when on rows have not been looked at; None before the first look."""
    return await connection.fetchval(QUERIES["mark"], window.table, window.purpose)


async def set_mark(connection: Connection, window: Window, before: datetime) -> None:
    """Remember that rows from before a time have been looked at."""
    await connection.execute(QUERIES["set_mark"], window.table, window.purpose, before)


def looking(datamap: DataMap) -> dict[str, str]:
    """By table kept for purposes, the query that finds whose rows were recorded for one between two times."""
    found: dict[str, str] = {}
    for table, owner in datamap.of_subjects():
        if kept := table.purposes:
            since = quoted(kept.since)
            found[table.name] = f"""
WITH looked AS (
    SELECT {quoted(owner.name)} AS subject_id, {since} AS since FROM {quoted(table.name)}
    WHERE {since} >= $1 AND {since} < $2 AND $3::text = ANY({quoted(kept.column)})
    ORDER BY {since} FETCH FIRST $4 ROWS WITH TIES
)
SELECT array_agg(DISTINCT subject_id) AS subjects, max(since) AS last, count(*) AS number FROM looked
"""  # noqa: S608 - names from the catalogue
    return found


async def look(connection: Connection, window: Window, since: datetime, until: datetime, most: int) -> Look:
    """Look at `most` rows of a window from a time on until another, and at all of the same time as the last."""
    row = await connection.fetchrow(window.query, since, until, window.purpose, most)
    if row is None or row["number"] == 0:
        return Look((), None)
    return Look(row["subjects"], row["last"] if row["number"] >= most else None)


async def inactive(
    connection: Connection, subjects: Collection[UUID], days: int, unconsented: Iterable[str]
) -> list[UUID]:
    """Those of the subjects of whom nothing was heard for so many days, and whom nothing holds."""
    rows = await connection.fetch(QUERIES["inactive"], list(subjects), days, list(unconsented))
    return [row["subject_id"] for row in rows]


async def delete_counters(connection: Connection, days: int, most: int) -> int:
    """Delete counters of everybody together whose window began that long ago; returns how many."""
    statement = f"DELETE FROM cap_counters WHERE ctid = ANY(ARRAY({QUERIES['counters_of_everybody']}))"  # noqa: S608 - a query of ours
    return _number(await connection.execute(statement, days, most))


async def count_counters(connection: Connection, days: int, most: int) -> int:
    """How many those are."""
    return await connection.fetchval(f"SELECT count(*) FROM ({QUERIES['counters_of_everybody']}) AS c", days, most)  # noqa: S608 - a query of ours


async def count_proofs(connection: Connection) -> int:
    """How many proofs of the consents of erased people have been kept long enough."""
    return await connection.fetchval(QUERIES["proofs_over"])


def with_requests(datamap: DataMap) -> list[str]:
    """The tables whose rows go with the request that they belong to, the requests themselves last."""
    named = [name for name, stay in SCHEDULE.items() if stay.until is Until.REQUEST and name != REQUESTS]
    return [*(table.name for table in datamap.tables if table.name in named), REQUESTS]


async def delete_requests(connection: Connection, tables: Sequence[str], days: int, most: int) -> dict[str, int]:
    """Delete requests that were closed that long ago, and what belongs to them; returns how many rows by table."""
    requests = [row["request_id"] for row in await connection.fetch(QUERIES["requests_closed"], days, most)]
    if not requests:
        return {}
    statement = "DELETE FROM {} WHERE request_id = ANY($1)"
    return {t: _number(await connection.execute(statement.format(quoted(t)), requests)) for t in tables}


async def count_requests(connection: Connection, tables: Sequence[str], days: int, most: int) -> dict[str, int]:
    """How many rows by table those are."""
    requests = [row["request_id"] for row in await connection.fetch(QUERIES["requests_closed"], days, most)]
    statement = "SELECT count(*) FROM {} WHERE request_id = ANY($1)"
    return {t: await connection.fetchval(statement.format(quoted(t)), requests) for t in tables}


def _number(status: str) -> int:
    return int(status.rpartition(" ")[2])
