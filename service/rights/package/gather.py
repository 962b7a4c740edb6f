"""What the package holds: every tagged personal column of a person's rows, found by the data map and opened."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, cast
from uuid import UUID

import msgspec
from msgspec import Struct

from service.kernel.crypto import to_text
from service.kernel.database import Connection, Row
from service.kernel.datamap import Column, DataMap, Person, Table

IN_MEMORY_BYTES = 4 * 1024 * 1024

FIRST = ("lookups", "subjects")
LAST = ("idempotency",)

Open = Callable[[str, str, UUID, bytes], bytes]


class Kept(Struct, frozen=True, array_like=True):
    """One row of a person; no subject id for rows that name an identifier of which no subject is known."""

    subject_id: str | None
    table: str
    row: dict[str, Any]


class Spool:
    """Rows put aside until the package is made, in memory while they are few."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        self._encoder = msgspec.json.Encoder()

    def restart(self) -> None:
        """Forget what was put aside."""
        self._file.seek(0)
        self._file.truncate()

    def put(self, kept: Kept) -> None:
        """Put a row aside."""
        self._file.write(self._encoder.encode(kept) + b"\n")

    def __iter__(self) -> Iterator[Kept]:
        """Every row, in the order in which they were put aside."""
        decoder = msgspec.json.Decoder(Kept)
        self._file.seek(0)
        for line in self._file:
            yield decoder.decode(line)

    def close(self) -> None:
        """Drop everything."""
        self._file.close()


def by_lookup(datamap: DataMap) -> DataMap:
    """The part of the data map whose rows name identifiers, and so may be about people who are no subjects."""
    return DataMap(tables=tuple(table for table, owner in datamap.of_subjects() if "lookups" in owner.flags))


async def gather(
    connection: Connection, datamap: DataMap, opened: Open, person: Person, subject_id: UUID | None, spool: Spool
) -> None:
    """Put aside every row of a person. The caller holds the subject's lock, so that no erasure is half seen."""
    for table, owner in sorted(datamap.of_subjects(), key=_place):
        rows = await datamap.rows(connection, table, owner, person)
        await asyncio.to_thread(_put, rows, table, owner, opened, person, subject_id, spool)


def _place(entry: tuple[Table, Column]) -> tuple[bool, bool, str]:
    """Who they are comes first, and copies of what stands elsewhere last."""
    name = entry[0].name
    return name not in FIRST, name in LAST, name


def _put(
    rows: Sequence[Row],
    table: Table,
    owner: Column,
    opened: Open,
    person: Person,
    subject_id: UUID | None,
    spool: Spool,
) -> None:
    """Put rows of one table aside; somebody's may be so many that others would have to wait for it."""
    columns = [column for column in table.columns if column in table.own or column.name == table.key]
    for row in rows:
        shown = {column.name: _shown(table, owner, column, row, person, opened) for column in columns}
        spool.put(Kept(subject_id=str(subject_id) if subject_id else None, table=table.name, row=shown))


def _shown(table: Table, owner: Column, column: Column, row: Row, person: Person, opened: Open) -> Any:
    """A value as it is shown: sealed ones opened, keyed hashes in base64url, of a list of lookups only the person's."""
    value = row[column.name]
    if value is None:
        return None
    if "sealed" in column.flags:
        whose = row[owner.name] if "subject" in owner.flags else row[table.key]
        return _said(opened(table.name, column.name, whose, value))
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
