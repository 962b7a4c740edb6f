"""What the package holds: every tagged personal column of a person's rows, found by the data map."""

from collections.abc import Callable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, cast
from uuid import UUID

import msgspec
from msgspec import Struct

from service.kernel.crypto import to_text
from service.kernel.database import Connection, Row
from service.kernel.datamap import Column, DataMap, Person, Table
from service.subjects import store as subjects_store

IN_MEMORY_BYTES = 4 * 1024 * 1024

FIRST = ("lookups", "subjects")
LAST = ("idempotency",)

Open = Callable[[str, str, UUID, bytes], bytes]


class Kept(Struct, frozen=True):
    """One row of a person; no subject id for rows that name an identifier of which no subject is known."""

    subject_id: str | None
    table: str
    row: dict[str, Any]


class _Spooled(Struct, frozen=True, array_like=True):
    """The same before what is sealed was opened: for each such column whose it is, and the sealed value."""

    subject_id: str | None
    table: str
    row: dict[str, Any]
    sealed: dict[str, tuple[UUID, bytes]]


class Spool:
    """Rows put aside until the package is made, in memory while they are few. What is sealed lies in it sealed."""

    def __init__(self) -> None:
        self._opened: Open | None = None
        self._file = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        self._encoder = msgspec.json.Encoder()

    def restart(self, opened: Open) -> None:
        """Forget what was put aside; what is put aside from now on is `opened` in the end."""
        self._opened = opened
        self._file.seek(0)
        self._file.truncate()

    def put(self, spooled: _Spooled) -> None:
        """Put a row aside."""
        self._file.write(self._encoder.encode(spooled) + b"\n")

    def __iter__(self) -> Iterator[Kept]:
        """Every row, opened, in the order in which they were put aside."""
        if (opened := self._opened) is None:
            return
        decoder = msgspec.json.Decoder(_Spooled)
        self._file.seek(0)
        for line in self._file:
            one = decoder.decode(line)
            plain = {name: _said(opened(one.table, name, whose, value)) for name, (whose, value) in one.sealed.items()}
            yield Kept(subject_id=one.subject_id, table=one.table, row=one.row | plain)

    def close(self) -> None:
        """Drop everything."""
        self._file.close()


def by_lookup(datamap: DataMap) -> DataMap:
    """The part of the data map whose rows name identifiers, and so may be about people who are no subjects."""
    return DataMap(tables=tuple(table for table, owner in datamap.of_subjects() if "lookups" in owner.flags))


async def gather(
    connection: Connection, datamap: DataMap, person: Person, subject_id: UUID | None, spool: Spool
) -> None:
    """Put aside every row of a person. The caller's transaction sees one moment, so that no erasure is half seen."""
    for table, owner in sorted(datamap.of_subjects(), key=_place):
        async for rows in datamap.batches(connection, table, owner, person):
            others = await _others(connection, rows, owner, subject_id)
            for row in rows:
                spool.put(_spooled(table, owner, row, person, subject_id, others))


def _place(entry: tuple[Table, Column]) -> tuple[bool, bool, str]:
    """Who they are comes first, and copies of what stands elsewhere last."""
    name = entry[0].name
    return name not in FIRST, name in LAST, name


async def _others(connection: Connection, rows: Sequence[Row], owner: Column, subject_id: UUID | None) -> set[bytes]:
    """The lookups in rows that lead to a subject who is somebody else."""
    if "lookups" not in owner.flags:
        return set()
    subjects = await subjects_store.resolve(connection, {lookup for row in rows for lookup in row[owner.name]})
    return {lookup for lookup, led in subjects.items() if led.home != subject_id}


def _spooled(
    table: Table, owner: Column, row: Row, person: Person, subject_id: UUID | None, others: set[bytes]
) -> _Spooled:
    """A row as it is put aside; without what is sealed where it names several people: nobody can say of whom it is."""
    columns = [column for column in table.columns if column in table.own or column.name == table.key]
    shared = "lookups" in owner.flags and not others.isdisjoint(row[owner.name])
    return _Spooled(
        subject_id=str(subject_id) if subject_id else None,
        table=table.name,
        row={column.name: _shown(column, row[column.name], person) for column in columns},
        sealed={
            column.name: (row[owner.name] if "subject" in owner.flags else row[table.key], row[column.name])
            for column in columns
            if "sealed" in column.flags and row[column.name] is not None and not shared
        },
    )


def _shown(column: Column, value: Any, person: Person) -> Any:
    """A value as it is shown: keyed hashes in base64url, of a list of lookups only the person's, sealed ones later."""
    if value is None or "sealed" in column.flags:
        return None
    if "lookups" in column.flags:
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
