"""The lines of a file of consents, one at a time and none larger than a body over HTTP may be.

A line of JSON is the body of POST /v1/consents; a column of CSV is a path into it.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from service.cli.consents.columns import FileRefused, columns_of
from service.kernel.body import MOST_BYTES
from service.kernel.problem import Fault

BOM = b"\xef\xbb\xbf"
DELIMITERS = ",;\t"
TOO_LONG = Fault("$", f"is longer than {MOST_BYTES} bytes; is a quote missing?")
NOT_CSV = Fault("$", 'is not CSV: a cell with a quote in it is written "so ""quoted"" as this" (RFC 4180)')


class Line(Struct, frozen=True):
    """A line that is not blank, by the number of its first line in the file: a body, or why it is none."""

    number: int
    body: bytes | Fault


class _TooLong(Exception):
    """What belongs together is longer than a line may be."""


class _Feed:
    """The lines of a file, counted; raises `_TooLong` after `begin` has been followed by too many bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._taken = 0
        self.number = 0

    def begin(self) -> int:
        """Begin something that belongs together; returns the number of its first line."""
        self._taken = 0
        return self.number + 1

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> bytes:
        raw = self._file.readline(MOST_BYTES + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        self._taken += len(raw)
        if self._taken > MOST_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = self._file.readline(MOST_BYTES)
            raise _TooLong
        return raw.removeprefix(BOM) if self.number == 1 else raw


def lines(path: Path, file: BinaryIO) -> Iterator[Line]:
    """The lines of a file, by the ending of its name; raises `FileRefused`, also for a header with wrong columns."""
    feed = _Feed(file)
    match path.suffix.lower():
        case ".jsonl":
            return _json_lines(feed)
        case ".csv":
            return _csv_lines(feed)
        case _:
            raise FileRefused("the name ends neither with .csv nor with .jsonl")


def _json_lines(feed: _Feed) -> Iterator[Line]:
    while True:
        number = feed.begin()
        try:
            raw = next(feed, None)
        except _TooLong:
            yield Line(number, TOO_LONG)
            continue
        if raw is None:
            return
        if body := raw.strip():
            yield Line(number, body)


def _csv_lines(feed: _Feed) -> Iterator[Line]:
    try:
        header = next(feed, b"").decode()
    except (UnicodeDecodeError, _TooLong):
        raise FileRefused("the first line is not UTF-8; save the file as CSV in UTF-8") from None
    delimiter = next((each for each in DELIMITERS if each in header), ",")
    try:
        (names,) = csv.reader([header], delimiter=delimiter, strict=True)
        columns = columns_of(names)
    except (csv.Error, ValueError):
        raise FileRefused("the first line names no columns") from None
    rows = csv.reader(map(_text, feed), delimiter=delimiter, strict=True)

    def read() -> Iterator[Line]:
        while True:
            number = feed.begin()
            try:
                cells = next(rows, None)
            except _TooLong:
                yield Line(number, TOO_LONG)
            except csv.Error:
                yield Line(number, NOT_CSV)
            else:
                if cells is None:
                    return
                if cells:
                    yield Line(number, columns.body(cells))

    return read()


def _text(raw: bytes) -> str:
    """The line, with every byte that is not UTF-8 where it was, so that only its own row is refused."""
    return raw.decode(errors="surrogateescape")
