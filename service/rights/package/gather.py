"""What the package holds: every tagged personal column of a person's rows, found by the data map."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast
from uuid import UUID

import msgspec

from service.kernel.crypto import to_text
from service.kernel.database import Connection, Row
from service.kernel.datamap import Column, DataMap, Person, Table
from service.rights.package.spool import Spool
from service.subjects import store as subjects_store

ORDER = {name: place for place, name in enumerate(("lookups", "consent_state", "ledger_entries", "touchpoints"))}
LAST = len(ORDER) + 1
"""After all others, of which nobody can say how they are best read."""
AT_LAST = frozenset({"subjects", "outbox", "deletions", "idempotency"})
"""What we need to serve people, and copies of what stands elsewhere."""

Open = Callable[[str, str, UUID, bytes], bytes]


type_of_only = Callable[[Table], Callable[[Row], bool]]
"""Says for each table which of its rows are wanted."""


def everything(table: Table) -> Callable[[Row], bool]:
    """Every row is wanted."""
    del table
    return lambda _: True


class Beside(Protocol):
    """What is said beside the rows of some tables: what proves or explains them."""

    async def of(self, connection: Connection, table: str, rows: Sequence[Row]) -> Sequence[Mapping[str, Any]] | None:
        """For each row what changes in it or is added to it; None where a table stands for itself."""
        ...


def by_lookup(datamap: DataMap) -> DataMap:
    """The part of the data map whose rows name identifiers, and so may be about people who are no subjects."""
    return DataMap(tables=tuple(table for table, owner in datamap.of_subjects() if "lookups" in owner.flags))


async def gather(
    connection: Connection,
    datamap: DataMap,
    person: Person,
    subject_id: UUID | None,
    opened: Open,
    spool: Spool,
    beside: Beside | None = None,
    only: type_of_only = everything,
) -> None:
    """Put aside every row of a person. The caller's transaction sees one moment, so that no erasure is half seen.

    Opening and encoding is work for another thread: whoever else is served does not wait for it.
    """
    name = str(subject_id) if subject_id else None
    for table, owner in sorted(datamap.of_subjects(), key=_place):
        wanted = only(table)
        async for read in datamap.batches(connection, table, owner, person):
            rows = [row for row in read if wanted(row)]
            others = await _others(connection, rows, owner, subject_id)
            told = await beside.of(connection, table.name, rows) if beside else None
            shown = _shown(table, owner, rows, person, others, opened)
            if told is not None:
                shown = (row | dict(more) for row, more in zip(shown, told, strict=True))
            await asyncio.to_thread(spool.put, name, table.name, shown)


def _place(entry: tuple[Table, Column]) -> tuple[int, str]:
    """Who they are comes first, then what they said and did."""
    name = entry[0].name
    return LAST if name in AT_LAST else ORDER.get(name, LAST - 1), name


async def _others(connection: Connection, rows: Sequence[Row], owner: Column, subject_id: UUID | None) -> set[bytes]:
    """The lookups in rows that lead to a subject who is somebody else."""
    if "lookups" not in owner.flags:
        return set()
    subjects = await subjects_store.resolve(connection, {lookup for row in rows for lookup in row[owner.name]})
    return {lookup for lookup, led in subjects.items() if led.home != subject_id}


def _shown(
    table: Table, owner: Column, rows: Sequence[Row], person: Person, others: set[bytes], opened: Open
) -> Iterator[dict[str, Any]]:
    """Rows as they are shown; without what is sealed where one names several people: nobody can say of whom it is."""
    columns = [column for column in table.columns if column in table.own or column.name == table.key]
    plain = [column for column in columns if "sealed" not in column.flags]
    sealed = [column for column in columns if "sealed" in column.flags]
    whose = owner.name if "subject" in owner.flags else table.key
    for row in rows:
        shown = {column.name: _value(column, row[column.name], person) for column in plain}
        shared = "lookups" in owner.flags and not others.isdisjoint(row[owner.name])
        for column in sealed:
            value = None if shared else row[column.name]
            shown[column.name] = value and _said(opened(table.name, column.name, row[whose], value))
        yield shown


def _value(column: Column, value: Any, person: Person) -> Any:
    """A value as it is shown: keyed hashes in base64url, and of a list of lookups only the person's."""
    if "lookups" in column.flags and value is not None:
        return [to_text(lookup) for lookup in value if lookup in person.lookups]
    return _text(value)


def _said(plain: bytes) -> Any:
    """What was sealed: an object as such, else the text as it was, since an identifier may look like a number."""
    if plain.startswith(b"{"):
        try:
            return msgspec.json.decode(plain)
        except ValueError:
            return plain.decode(errors="replace")
    return plain.decode(errors="replace")


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return to_text(value)
    if isinstance(value, list):
        return [_text(item) for item in cast("Sequence[Any]", value)]
    return value
