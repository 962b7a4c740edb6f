"""The data map: what each column holds, read from the comments in the catalogue.

Access, erasure, the deletion at a withdrawal and the record of processing are driven by it, so that a new column cannot
be forgotten by any of them. It knows tables and tags, and no domain. Its SQL is the only one built from names, all of
them from the catalogue.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import groupby
from typing import Literal
from uuid import UUID

from msgspec import Struct, ValidationError, convert

from service.kernel.database import Connection, Reader, Row
from service.kernel.origins import ORIGINS
from service.kernel.queries import load

QUERIES = load(__package__)

TAG = re.compile(r"^(?P<meaning>.+) \[(?P<tag>[^\[\]]+)\]$", re.DOTALL)
FLAGS = frozenset({"subject", "lookups", "sealed", "own", "other"})
BATCH = 500
"""Rows that are read at once."""


class TagMissing(Exception):
    """A column or table has no comment, or one that does not end with a tag; the message names it."""


class Column(Struct, frozen=True):
    """One column: what it holds, in which category of personal data (None for none), and what becomes of it.

    `ended`: where purposes ending leaves the row, this value is emptied, or is the date of that (None: it stays).
    """

    name: str
    type: str
    meaning: str
    category: str | None
    flags: frozenset[str]
    erase: Literal["delete", "empty", "keep"]
    ended: Literal["empty", "date"] | None = None


class Purposes(Struct, frozen=True, forbid_unknown_fields=True):
    """What a table's rows are kept for: the column that names it, the one that says since when, and which they need."""

    column: str
    since: str
    needs: Literal["one", "all"]


class Table(Struct, frozen=True):
    """One table, the column that says whose its rows are, and what they are kept for (None: for no purpose)."""

    name: str
    meaning: str
    purposes: Purposes | None
    key: str
    columns: tuple[Column, ...]

    @property
    def owner(self) -> Column | None:
        """The column that names the subject, or lists the subject's lookups; None for a table of nobody's data."""
        return next((c for c in self.columns if c.flags & {"subject", "lookups"}), None)

    @property
    def personal(self) -> tuple[Column, ...]:
        """The columns that hold personal data."""
        return tuple(column for column in self.columns if column.category)

    @property
    def own(self) -> tuple[Column, ...]:
        """The columns that hold personal data of whoever owns the row: what names an `other` subject is not theirs."""
        return tuple(column for column in self.personal if "other" not in column.flags)

    @property
    def erased(self) -> bool:
        """Whether an erasure deletes this table's rows."""
        return any(column.erase == "delete" for column in self.personal)

    @property
    def emptied(self) -> tuple[Column, ...]:
        """The columns that an erasure empties, where it does not delete the row."""
        return () if self.erased else tuple(column for column in self.personal if column.erase == "empty")

    def at_end(self, fate: Literal["empty", "date"]) -> list[Column]:
        """The columns that are emptied, or dated, when the row's purposes end."""
        return [column for column in self.columns if column.ended == fate]


class Person(Struct, frozen=True):
    """Whose rows are meant: a subject id and the lookups that lead to it."""

    subject_id: UUID
    lookups: Sequence[bytes]

    def value(self, owner: Column) -> UUID | Sequence[bytes]:
        """What the owner column is compared with."""
        return self.lookups if "lookups" in owner.flags else self.subject_id


class DataMap(Struct, frozen=True):
    """Every table of the service."""

    tables: tuple[Table, ...]

    def of_subjects(self) -> Iterator[tuple[Table, Column]]:
        """The tables with rows of subjects, each with its owner column."""
        for table in self.tables:
            if owner := table.owner:
                yield table, owner

    async def batches(
        self, connection: Connection, table: Table, owner: Column, person: Person
    ) -> AsyncGenerator[Sequence[Row], None]:
        """A person's rows of one table, few at a time: their own columns and its key, sealed values still sealed."""
        names = [table.key, *(column.name for column in table.own if column.name != table.key)]
        selected = ", ".join(quoted(name) for name in names)
        sql = f"SELECT {selected} FROM {quoted(table.name)} WHERE {_condition(owner)} ORDER BY {quoted(table.key)}"  # noqa: S608 - names from the catalogue
        cursor = await connection.cursor(sql, person.value(owner))
        while rows := await cursor.fetch(BATCH):
            yield rows

    async def erase(self, connection: Connection, person: Person) -> dict[str, int]:
        """Delete or empty everything of a person that the tags say; returns the rows touched, by table."""
        touched: dict[str, int] = {}
        for table, owner in self.of_subjects():
            if statement := _erasure(table, owner):
                status = await connection.execute(statement, person.value(owner))
                touched[table.name] = int(status.rpartition(" ")[2])
        return touched

    def deletion(self, ended: str) -> str:
        """The statement that deletes, of the subjects `$1`, up to `$3` rows whose purposes have ended.

        It says how many, and how many of each table. `ended` is a query of (subject_id, purpose, before, held, over)
        for those of them who have any rows, which are `kept`: what is older than `before` counts for the purpose no
        longer, but stays while it is held; `over` says that the purpose's retention has run out. Whose rows may not all
        be gone stands in `deletions` afterwards.
        """
        ends = [
            f"{quoted(f'{table.name} {fate}')} AS ({end})"
            for table, _ in self.of_subjects()
            if table.purposes
            for fate, end in _ends(table)
        ]
        return ",\n".join([*self._going(ended), *ends, QUERIES["deletion_ends"]])

    def due(self, ended: str) -> str:
        """The statement that says how many rows a `deletion` would delete or empty, and how many of each table."""
        return ",\n".join(self._going(ended)) + "\nSELECT number, by_table FROM reached"

    def _going(self, ended: str) -> list[str]:
        """The parts that find which rows go, up to `$3`, and count them."""
        tables = [(table, table.purposes, owner) for table, owner in self.of_subjects() if table.purposes]
        anything = " OR ".join(_anything(table, owner) for table, _, owner in tables)
        kept = f"SELECT s.subject_id FROM unnest($1::uuid[]) AS s (subject_id) WHERE {anything or 'false'}"  # noqa: S608 - names from the catalogue
        parts = [f"WITH kept AS MATERIALIZED (\n{kept}\n)", f"ended AS MATERIALIZED (\n{ended}\n)", QUERIES["ends"]]
        counts: dict[str, str] = {}
        for table, purposes, owner in tables:
            limit = " - ".join(["$3::bigint", *counts.values()])
            parts.append(f"{_going(table)} AS MATERIALIZED ({_ended(table, purposes, owner)} LIMIT {limit})")
            counts[table.name] = f"(SELECT count(*) FROM {_going(table)})"  # noqa: S608 - names from the catalogue
        number, by_table = " + ".join(counts.values()), ", ".join(f"'{name}', {n}" for name, n in counts.items())
        return [*parts, f"reached AS (SELECT {number} AS number, jsonb_build_object({by_table}) AS by_table)"]


async def deletions_due(reader: Reader, after: UUID, most: int) -> list[UUID]:
    """The next subjects `after` one whose data has not all been deleted, up to `most`."""
    return [row["subject_id"] for row in await reader.fetch(QUERIES["deletions_due"], after, most)]


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _condition(owner: Column) -> str:
    return f"{quoted(owner.name)} && $1::bytea[]" if "lookups" in owner.flags else f"{quoted(owner.name)} = $1"


def _erasure(table: Table, owner: Column) -> str | None:
    if table.erased:
        return f"DELETE FROM {quoted(table.name)} WHERE {_condition(owner)}"  # noqa: S608 - names from the catalogue
    if table.emptied:
        emptied = ", ".join(f"{quoted(column.name)} = NULL" for column in table.emptied)
        return f"UPDATE {quoted(table.name)} SET {emptied} WHERE {_condition(owner)}"  # noqa: S608 - the same
    return None


def _going(table: Table) -> str:
    return quoted(f"{table.name} going")


def _full(table: Table) -> str:
    """Which rows have anything that purposes ending takes from them."""
    return " OR ".join(f"t.{quoted(column.name)} IS NOT NULL" for column in table.at_end("empty")) or "true"


def _anything(table: Table, owner: Column) -> str:
    """Whether the subject `s` has such a row."""
    subject = f"t.{quoted(owner.name)} = s.subject_id"
    return f"EXISTS (SELECT FROM {quoted(table.name)} t WHERE {subject})"


def _ended(table: Table, purposes: Purposes, owner: Column) -> str:
    """Where the rows are that lack the purposes they need, and whether the retention of all of them is over."""
    subject, since = f"t.{quoted(owner.name)}", f"t.{quoted(purposes.since)}"
    lacks = "bool_and" if purposes.needs == "one" else "bool_or"
    over = f"bool_and(coalesce({since} < e.over, false))"
    return f"""
    SELECT t.ctid AS place, {over} AS over
    FROM {quoted(table.name)} t CROSS JOIN unnest(t.{quoted(purposes.column)}) AS p (purpose)
    LEFT JOIN ends e ON e.subject_id = {subject} AND e.purpose = p.purpose AND {since} < e.before
    WHERE {subject} = ANY(ARRAY(SELECT subject_id FROM kept))
    GROUP BY t.ctid HAVING {lacks}(e.purpose IS NOT NULL) AND (bool_or({_full(table)}) OR {over})
"""  # noqa: S608 - names from the catalogue


def _ends(table: Table) -> Iterator[tuple[str, str]]:
    """What becomes of such rows: where something can be emptied, a row goes when the retention of all is over."""
    emptied = [f"{quoted(column.name)} = NULL" for column in table.at_end("empty")]
    dated = [f"{quoted(column.name)} = clock_timestamp()" for column in table.at_end("date")]
    if emptied:
        left = f"ctid = ANY(ARRAY(SELECT place FROM {_going(table)} WHERE NOT over))"  # noqa: S608 - names from the catalogue
        yield "emptied", f"UPDATE {quoted(table.name)} SET {', '.join([*emptied, *dated])} WHERE {left}"  # noqa: S608 - the same
    which = "WHERE over" if emptied else ""
    yield "gone", f"DELETE FROM {quoted(table.name)} WHERE ctid = ANY(ARRAY(SELECT place FROM {_going(table)} {which}))"  # noqa: S608 - the same


async def read(reader: Reader) -> DataMap:
    """The data map of the connected database; raises `TagMissing`."""
    rows = await reader.fetch(QUERIES["columns"])
    return DataMap(
        tables=tuple(_table(name, list(group)) for name, group in groupby(rows, key=lambda r: r["table_name"]))
    )


def _table(name: str, rows: Sequence[Row]) -> Table:
    meaning, tag = _parsed(name, rows[0]["table_comment"])
    key = next((row["column_name"] for row in rows if row["key_position"] == _last_key(rows)), rows[0]["column_name"])
    return Table(
        name=name,
        meaning=meaning,
        purposes=_purposes(name, tag),
        key=key,
        columns=tuple(_column(name, row) for row in rows),
    )


def _purposes(table: str, tag: dict[str, str]) -> Purposes | None:
    if tag == {"purposes": "none"}:
        return None
    try:
        return convert({"column" if name == "purposes" else name: value for name, value in tag.items()}, Purposes)
    except ValidationError:
        raise TagMissing(
            f"table {table} does not say what its rows are kept for: end its comment with [purposes=none] or"
            " [purposes=COLUMN; since=COLUMN; needs=one|all]"
        ) from None


def _last_key(rows: Sequence[Row]) -> int | None:
    return max((row["key_position"] for row in rows if row["key_position"] is not None), default=None)


def _column(table: str, row: Row) -> Column:
    where = f"{table}.{row['column_name']}"
    meaning, tag = _parsed(where, row["comment"])
    category = tag.pop("pd", None)
    erase = tag.pop("erase", "keep")
    ended = tag.pop("ended", None)
    flags = frozenset(tag)
    if (
        category not in {"none", *ORIGINS}
        or erase not in ("delete", "empty", "keep")
        or ended not in (None, "empty", "date")
        or flags - FLAGS
    ):
        raise TagMissing(f"column {where} has a tag that says too little or too much: [pd=…; erase=delete|empty|keep]")
    return Column(
        name=row["column_name"],
        type=row["type"],
        meaning=meaning,
        category=None if category == "none" else category,
        flags=flags,
        erase=erase,
        ended=ended,
    )


def _parsed(where: str, comment: str | None) -> tuple[str, dict[str, str]]:
    match = TAG.match(comment or "")
    if not match:
        raise TagMissing(f"{where} has no comment that ends with a tag such as [pd=none]")
    parts = (part.strip().partition("=") for part in match["tag"].split(";"))
    return match["meaning"], {name: value for name, _, value in parts}
