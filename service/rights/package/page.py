"""`index.html`: the same data for people, in Italian or English. No script, everything escaped, fit for printing."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from service.rights.package import FILES
from service.rights.package.preface import Preface
from service.rights.package.records import Records
from service.rights.package.spool import Kept, Spool
from service.rights.package.words import words_in

BUFFERED_PIECES = 500
"""The template speaks in very small pieces."""


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(FILES.joinpath("page.html").read_text(encoding="utf-8"))


def page(preface: Preface, spool: Spool) -> Iterator[bytes]:
    """The page, piece by piece."""
    words = words_in(preface.language)
    records = Records(preface, words)
    pieces = _template().stream(preface=preface, words=words, people=_people(records, spool))
    pieces.enable_buffering(BUFFERED_PIECES)
    for piece in pieces:
        yield piece.encode()


def _people(records: Records, spool: Spool) -> Iterator[tuple[str | None, Iterator[Any]]]:
    """Each subject with its tables; None for rows that name an identifier of which no subject is known."""
    for subject_id, kept in groupby(spool, key=lambda k: k.subject_id):
        yield subject_id, _tables(records, kept)


def _tables(records: Records, kept: Iterator[Kept]) -> Iterator[tuple[str, Iterator[str]]]:
    for table, rows in groupby(kept, key=lambda k: k.table):
        yield table, records.of(table, (one.row for one in rows))
