"""The lines of a file, one at a time and none larger than a body over HTTP may be.

A line of JSON is a body; of a row of CSV whoever reads makes one, by the columns that the first line names.
"""

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from service.kernel.body import MOST_BYTES
from service.kernel.problem import Fault

BOM = b"\xef\xbb\xbf"
DELIMITERS = ",;\t"
BROKEN = Fault("$", "is not UTF-8")
TOO_LONG = Fault("$", f"is longer than {MOST_BYTES} bytes; is a quote missing?")
NOT_CSV = Fault("$", 'is not CSV: a cell with a quote in it is written "so ""quoted"" as this" (RFC 4180)')


Row = Callable[[Sequence[str]], Mapping[str, Any]]
"""What makes a body of the cells of a row, of which there are as many as columns."""


class FileRefused(Exception):
    """The file is none of those that are read here; the message says what is wrong and names no cell."""


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


def lines(path: Path, file: BinaryIO, row_of: Callable[[Sequence[str]], Row]) -> Iterator[Line]:
    """The lines of a file, by the ending of its name; `row_of` knows the columns that may be there.

    Raises `FileRefused`, also for a header with wrong columns.
    """
    feed = _Feed(file)
    match path.suffix.lower():
        case ".jsonl":
            return _json_lines(feed)
        case ".csv":
            return _csv_lines(feed, row_of)
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


def _csv_lines(feed: _Feed, row_of: Callable[[Sequence[str]], Row]) -> Iterator[Line]:
    try:
        header = next(feed, b"").decode()
    except (UnicodeDecodeError, _TooLong):
        raise FileRefused("the first line is not UTF-8; save the file as CSV in UTF-8") from None
    delimiter = next((each for each in DELIMITERS if each in header), ",")
    try:
        (names,) = csv.reader([header], delimiter=delimiter, strict=True)
        row = row_of(names)
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
                    yield Line(number, _body(row, cells, len(names)))

    return read()


def columns(header: Sequence[str], required: Collection[str], known: Callable[[str], bool]) -> tuple[str, ...]:
    """The names of columns in a first line; raises `FileRefused`.

    Names are repeated only once it is sure that they are names: without a header the first line is a person's.
    """
    names = tuple(name.strip() for name in header)
    if missing := [name for name in required if name not in names]:
        raise FileRefused(f"the first line has no column {', '.join(missing)}")
    if unknown := [name for name in names if not known(name)]:
        raise FileRefused(f"there is no such column: {', '.join(repr(name) for name in unknown)}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FileRefused(f"the first line names a column twice: {', '.join(twice)}")
    return names


def _body(row: Row, cells: Sequence[str], expected: int) -> bytes | Fault:
    if len(cells) != expected:
        return Fault("$", f"has {len(cells)} cells, and the first line names {expected} columns")
    try:
        return msgspec.json.encode(row(cells))
    except UnicodeEncodeError:
        return BROKEN


def _text(raw: bytes) -> str:
    """The line, with every byte that is not UTF-8 where it was, so that only its own row is refused."""
    return raw.decode(errors="surrogateescape")
