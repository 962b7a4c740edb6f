"""`index.html`: the same data for people, in Italian or English. No script, everything escaped, fit for printing."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined, Template
from msgspec import Struct

from service.rights.package import FILES
from service.rights.package.gather import Kept, Spool
from service.rights.package.preface import Preface

BUFFERED_PIECES = 500
"""The template speaks in very small pieces."""


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of the page in one language; a table or column that has none is shown by its name."""

    say: Mapping[str, str]
    months: tuple[str, ...]
    bases: Mapping[str, str]
    roles: Mapping[str, str]
    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    def table(self, name: str) -> str:
        """The heading of a table."""
        return self.tables.get(name, name)

    def column(self, table: str, name: str) -> str:
        """The label of a column."""
        return self.columns.get(table, {}).get(name, name)

    def time(self, moment: datetime) -> str:
        """A time as it is read."""
        return f"{moment.day} {self.months[moment.month - 1]} {moment.year}, {moment:%H:%M:%S} UTC"


class Field(Struct, frozen=True):
    """One value with its label."""

    label: str
    value: Any


class Record(Struct, frozen=True):
    """One row: its values that are there."""

    fields: list[Field]


@cache
def words_in(language: str) -> Words:
    """The words of the page in a language that it is written in."""
    return msgspec.convert(tomllib.loads(FILES.joinpath(f"{language}.toml").read_text(encoding="utf-8")), Words)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(FILES.joinpath("page.html").read_text(encoding="utf-8"))


def page(preface: Preface, spool: Spool) -> Iterator[bytes]:
    """The page, piece by piece."""
    words = words_in(preface.language)
    pieces = _template().stream(preface=preface, words=words, people=_people(preface, words, spool))
    pieces.enable_buffering(BUFFERED_PIECES)
    for piece in pieces:
        yield piece.encode()


def _people(preface: Preface, words: Words, spool: Spool) -> Iterator[tuple[str | None, Iterator[Any]]]:
    """Each subject with its tables; None for rows that name an identifier of which no subject is known."""
    for subject_id, kept in groupby(spool, key=lambda k: k.subject_id):
        yield subject_id, _tables(preface, words, kept)


def _tables(preface: Preface, words: Words, kept: Iterator[Kept]) -> Iterator[tuple[str, Iterator[Record]]]:
    for table, rows in groupby(kept, key=lambda k: k.table):
        yield table, (_record(preface, words, one) for one in rows)


def _record(preface: Preface, words: Words, kept: Kept) -> Record:
    columns = preface.meanings[kept.table].columns
    return Record(
        fields=[
            Field(label=words.column(kept.table, name), value=_readable(words, columns[name].type, value))
            for name, value in kept.row.items()
            if name in columns and value is not None
        ]
    )


def _readable(words: Words, kind: str, value: Any) -> Any:
    return words.time(msgspec.convert(value, datetime)) if kind.startswith("timestamp") else value
