"""The verb of breaches: count whom one touches, by category of data (Art. 33(3)(a))."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from service.kernel.database import Connection
from service.kernel.datamap import Column, DataMap, Table, quoted
from service.kernel.queries import load
from service.rights.breach.model import Affected, Group
from service.rights.retention.schedule import SCHEDULE

QUERIES = load(__package__)

SMALLEST_GROUP = 10
"""Fewer people than these are told of as fewer than these."""
AT_ONCE = 5000
"""People who are counted in one statement."""
BEFORE_ALL = UUID(int=0)
EVERYBODY = ""
"""Stands for people of any category."""

Told = Callable[[int], None]
"""Is told how many people have been counted."""


async def population(connection: Connection) -> int:
    """How many people there are."""
    return await connection.fetchval(QUERIES["population"])


def countable(datamap: DataMap) -> list[str]:
    """The tables that hold data of people and say when a row was written."""
    return [table.name for table, _ in datamap.of_subjects() if table.name in SCHEDULE and SCHEDULE[table.name].since]


async def affected(
    connection: Connection, datamap: DataMap, tables: Collection[str], since: datetime | None, told: Told
) -> Affected:
    """Count whose rows of these tables were written `since` then, or ever; erased people are nobody any more.

    A few thousand people a statement, so that no one of them takes long.
    """
    statement = _statement(datamap, tables)
    people, records = Counter[str](), defaultdict[str, Counter[str]](Counter)
    after, done = BEFORE_ALL, 0
    while last := await connection.fetchval(QUERIES["up_to"], after, AT_ONCE):
        for category, table, number, rows in await connection.fetch(statement, after, last, since):
            if table:
                records[category][table] += rows
            else:
                people[category or EVERYBODY] += number
        after, done = last, done + AT_ONCE
        told(done)
    groups = [_group(category, people[category], records[category]) for category in sorted(records)]
    return Affected(sorted(tables), since, SMALLEST_GROUP, _enough(people[EVERYBODY]), groups)


def _enough(people: int) -> int | None:
    return None if 0 < people < SMALLEST_GROUP else people


def _group(category: str, people: int, records: Counter[str]) -> Group:
    told = _enough(people)
    return Group(category, told, None if told is None else dict(sorted(records.items())))


def _statement(datamap: DataMap, tables: Collection[str]) -> str:
    """People and records of the active subjects behind `$1` up to `$2`, by category and table, written since `$3`."""
    chosen = [(table, owner) for table, owner in datamap.of_subjects() if table.name in tables]
    parts = "\nUNION ALL\n".join(part for table, owner in chosen for part in _parts(table, owner))
    return f"""
WITH held AS ({parts})
SELECT category, name, count(DISTINCT subject_id) AS people, sum(n)::bigint AS records
FROM held GROUP BY GROUPING SETS ((), (category), (category, name))
"""  # noqa: S608 - names from the catalogue


def _parts(table: Table, owner: Column) -> Iterator[str]:
    """Each person's records of a table, by category."""
    columns: Sequence[Column] = sorted(table.own, key=lambda column: column.category or "")
    for category, group in groupby(columns, key=lambda column: column.category):
        filled = " OR ".join(f"t.{quoted(column.name)} IS NOT NULL" for column in group)
        yield f"""
SELECT s.subject_id, '{category}' AS category, '{table.name}' AS name, count(DISTINCT t.ctid) AS n
FROM subjects s {_joined(table, owner)}
WHERE s.subject_id > $1 AND s.subject_id <= $2 AND s.state = 'active' AND ({filled})
    AND ($3::timestamptz IS NULL OR t.{quoted(SCHEDULE[table.name].since or "")} >= $3)
GROUP BY s.subject_id"""  # noqa: S608 - names from the catalogue


def _joined(table: Table, owner: Column) -> str:
    rows, whose = f"JOIN {quoted(table.name)} t", f"t.{quoted(owner.name)}"
    if "lookups" in owner.flags:
        return f"JOIN lookups l ON l.subject_id = s.subject_id {rows} ON {whose} @> ARRAY[l.lookup]"
    return f"{rows} ON {whose} = s.subject_id"
