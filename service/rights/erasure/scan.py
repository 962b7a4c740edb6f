"""Step 5: whether anything is left of the erased, anywhere. One pass over every table for many erasures at once.

1. Every column is looked at but those that the tags leave on purpose (`erase=keep`: tombstones, suppressions, proof),
   and the name by which a recipient is told that the person is gone, which ends with its answer.
2. Looked for are subject ids, lookups and pseudonyms: as values, in lists, and in texts and JSON as words of their own,
   in the spellings that this service writes.
3. Tables are read by blocks, each in a statement of its own: nothing is locked, and nothing grows with the table.

The SQL is built from names, all of them from the catalogue.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic
from uuid import UUID

from msgspec import Struct

from service.kernel.crypto import from_text, to_text
from service.kernel.database import Reader
from service.kernel.datamap import Column, DataMap, Table, quoted
from service.rights.erasure.model import Notes

REST = 0.5
"""How long nothing is asked of the database, to the time that it was busy: others have to be answered meanwhile."""
BLOCKS = 512
"""Blocks of a table that one statement looks through."""
WORD = "[0-9A-Za-z_-]{22,}"
"""What any spelling of what is looked for is, or is a part of; nothing shorter is worth looking at."""
LOOKED_AT = "looked at"
TOLD = ("outbox", "pseudonym")
SIZE = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint"
PARAMETERS = ("uuid[]", "bytea[]", "text[]", "uuid[]")
GIVEN = " AND ".join(f"${number}::{kind} IS NOT NULL" for number, kind in enumerate(PARAMETERS, 1))
IDS, RAW, WORDS = "unnest($1::uuid[])", "unnest($2::bytea[])", "unnest($3::text[])"

Tell = Callable[[int, int], None]
"""Is told how many blocks are done, and of how many."""


def nobody(_done: int, _of: int) -> None:
    """Nobody watches."""


class Sought(Struct, frozen=True):
    """Whom an erasure was about, and the ledger entries that say that they were erased, which name them."""

    notes: Notes
    said: list[UUID]


class Wanted(Struct, frozen=True):
    """What is looked for, in which spellings."""

    ids: list[UUID]
    raw: list[bytes]
    words: list[str]
    said: list[UUID]


class Scanned(Struct, frozen=True):
    """How much was looked at, and what was found where."""

    tables: int
    columns: int
    rows: int
    found: Mapping[str, int]


def wanted(after: Sequence[Sought]) -> Wanted:
    """What to look for after erasures."""
    notes = [one.notes for one in after]
    ids = sorted({subject for one in notes for subject in one.subjects})
    keyed = {lookup for one in notes for lookup in one.lookups}
    keyed |= {from_text(name) for one in notes for names in one.pseudonyms.values() for name in names}
    raw = sorted(keyed | {subject.bytes for subject in ids})
    words = {str(subject) for subject in ids} | {spelt for one in raw for spelt in (to_text(one), one.hex())}
    return Wanted(ids, raw, sorted(words), sorted(entry for one in after for entry in one.said))


async def blocks(reader: Reader, datamap: DataMap) -> dict[Table, int]:
    """How large each table is that has anything to look at."""
    tables = [table for table in datamap.tables if any(True for _ in _conditions(table))]
    rows = [await reader.fetchrow(SIZE, quoted(table.name)) for table in tables]
    return {table: row[0] if row else 0 for table, row in zip(tables, rows, strict=True)}


async def scan(reader: Reader, sizes: Mapping[Table, int], after: Sequence[Sought], tell: Tell = nobody) -> Scanned:
    """Look through tables of these sizes; what is written later names nobody who has a tombstone."""
    sought, found = wanted(after), Counter[str]()
    done = rows = columns = 0
    for table, size in sizes.items():
        conditions = dict(_conditions(table))
        statement = _statement(table, conditions)
        columns += len(conditions)
        for start in range(0, size, BLOCKS):
            began = monotonic()
            places = (start, 0), (start + BLOCKS, 0)
            row = await reader.fetchrow(statement, sought.ids, sought.raw, sought.words, sought.said, *places)
            counts = dict(row) if row else {LOOKED_AT: 0}
            rows += counts.pop(LOOKED_AT)
            found.update({f"{table.name}.{name}": count for name, count in counts.items()})
            done += min(BLOCKS, size - start)
            tell(done, sum(sizes.values()))
            await asyncio.sleep((monotonic() - began) * REST)
    return Scanned(len(sizes), columns, rows, {place: count for place, count in found.items() if count})


async def left_of(
    reader: Reader, sizes: Mapping[Table, int], after: Mapping[UUID, Sought], scanned: Scanned
) -> dict[UUID, Mapping[str, int]]:
    """Of which erasures something was found: the halves of those together are scanned until each is alone."""
    if not scanned.found:
        return {}
    if len(after) == 1:
        return dict.fromkeys(after, scanned.found)
    suspect = {place.partition(".")[0] for place in scanned.found}
    tables = {table: size for table, size in sizes.items() if table.name in suspect}
    ids, left = list(after), dict[UUID, Mapping[str, int]]()
    for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
        some = {one: after[one] for one in half}
        left |= await left_of(reader, tables, some, await scan(reader, tables, list(some.values())))
    return left


def _conditions(table: Table) -> Iterator[tuple[str, str]]:
    """What says of each column to look at whether something is in it."""
    for column in table.columns:
        left = column.category is not None and column.erase == "keep"
        if not left and (table.name, column.name) != TOLD and (condition := _condition(column)):
            yield column.name, condition


def _condition(column: Column) -> str | None:
    value = f"t.{quoted(column.name)}"
    match column.type:
        case "uuid":
            return f"{value} IN (SELECT {IDS})"
        case "bytea":
            return f"{value} IN (SELECT {RAW})"
        case "uuid[]":
            return _any(f"v IN (SELECT {IDS})", f"unnest({value}) AS v")
        case "bytea[]":
            return _any(f"v IN (SELECT {RAW})", f"unnest({value}) AS v")
        case "text" | "text[]" | "jsonb":
            words = _any(f"w[1] IN (SELECT {WORDS})", f"regexp_matches({value}::text, '{WORD}', 'g') AS w")
            return f"length({value}::text) >= 22 AND {words}"
        case _:
            return None


def _any(test: str, of: str) -> str:
    """Whether any of several is one of those looked for. As a condition the test would become a join of every row's."""
    return f"(SELECT bool_or({test}) FROM {of})"  # noqa: S608 - the same


def _statement(table: Table, conditions: Mapping[str, str]) -> str:
    counts = ", ".join(f"count(*) FILTER (WHERE {test}) AS {quoted(name)}" for name, test in conditions.items())
    said = " AND t.entry_id NOT IN (SELECT unnest($4::uuid[]))" if table.name == "ledger_entries" else ""
    return f"""
        SELECT count(*) AS {quoted(LOOKED_AT)}, {counts} FROM {quoted(table.name)} t
        WHERE t.ctid >= $5 AND t.ctid < $6 AND {GIVEN}{said}
    """  # noqa: S608 - names from the catalogue
