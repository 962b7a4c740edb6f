"""The lines of a log of decisions, or of a table: .csv or .jsonl, either also compressed as .gz; one at a time."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar, cast

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from service.kernel.sentences import refusal

LONGEST = 64 * 1024
"""Bytes of a line."""
MOST_TOLD = 10
"""Lines that are told to be wrong before reading ends."""
DELIMITERS = ",;\t"
BOM = b"\xef\xbb\xbf"
ELSEWHERE = {"placement": "position", "offer": "item_id", "propensity": "propensity_score", "success": "click"}
"""What the Open Bandit Pipeline calls these columns (Saito et al. 2021)."""
STRUCTURED = {"facts", "allowed"}
"""What no cell holds, only a line of JSON."""

Probability = Annotated[float, Meta(ge=0, le=1)]
Name = str | int
T = TypeVar("T", bound="Line")


class FileRefused(Exception):
    """The file cannot be used; the message says why, by line, and repeats no cell."""


class Line(Struct, frozen=True):
    """Which offer filled which placement."""

    placement: Name
    offer: Name


class Decided(Line, frozen=True, kw_only=True):
    """A decision of a log: how probable its offer was, what became of it, how probable the other policy makes it.

    What the other policy would read, where it is a bundle: `at`, `facts`, and the purposes that were allowed.
    """

    success: bool
    propensity: Probability | None = None
    target: Probability | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    facts: dict[str, Any] = {}
    allowed: tuple[str, ...] = ()


class Counted(Line, frozen=True, kw_only=True):
    """A decision of the other policy's own log."""

    success: bool | None = None


class Weighed(Line, frozen=True, kw_only=True):
    """A line of a table: how probable the other policy makes an offer."""

    propensity: Probability


def lines(path: Path, raw: BinaryIO, kind: type[T]) -> Iterator[tuple[int, T]]:
    """Every line that is not blank with its number; raises `FileRefused` at the end, or once too many are wrong."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    names = frozenset(kind.__struct_fields__)
    needed = [field.name for field in fields(kind) if field.required]
    wrong: list[str] = []
    rows = _rows("".join(suffixes[-2:-1] if packed else suffixes[-1:]), file, names, needed)
    try:
        for number, row in rows:
            try:
                yield number, msgspec.convert(row, kind, strict=False)
            except msgspec.ValidationError as error:
                fault = refusal(str(error), names)
                wrong.append(f"line {number}: {fault.path.removeprefix('$.')} {fault.message}")
            if len(wrong) >= MOST_TOLD:
                break
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FileRefused("is not a whole .gz file; copy it again") from None
    if wrong:
        raise FileRefused("\n".join(wrong))


def _rows(
    suffix: str, file: BinaryIO, names: frozenset[str], needed: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    feed = _Feed(file)
    match suffix:
        case ".csv":
            return _csv_rows(feed, names, needed)
        case ".jsonl":
            return _json_rows(feed, names)
        case _:
            raise FileRefused("the name ends neither with .csv nor with .jsonl, nor with one of them and .gz")


class _Feed:
    """The lines of a file, counted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        raw = self._file.readline(LONGEST + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        if len(raw) > LONGEST:
            raise FileRefused(f"line {self.number}: is longer than {LONGEST} bytes; is a quote missing?")
        try:
            return (raw.removeprefix(BOM) if self.number == 1 else raw).decode()
        except UnicodeDecodeError:
            raise FileRefused(f"line {self.number}: is not UTF-8; save the file as UTF-8") from None


def _json_rows(feed: _Feed, names: frozenset[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for text in feed:
        if not text.strip():
            continue
        try:
            row = decoder.decode(text)
        except msgspec.DecodeError:
            raise FileRefused(f"line {feed.number}: is not an object of JSON") from None
        named = ((name, row.get(name, row.get(ELSEWHERE.get(name, "")))) for name in names)
        yield feed.number, {name: value for name, value in named if value is not None}


def _csv_rows(feed: _Feed, names: frozenset[str], needed: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    header = next(feed, "")
    delimiter = next((each for each in DELIMITERS if each in header), ",")
    columns = [cell.strip() for cell in _cells(header, delimiter)]
    places = _places(columns, names - STRUCTURED, needed)
    rows = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        number = feed.number + 1
        try:
            cells = next(rows, None)
        except csv.Error:
            raise FileRefused(f'line {number}: is not CSV; a quote in a cell is written "" (RFC 4180)') from None
        if cells is None:
            return
        if len(cells) == len(columns):
            yield number, {name: cells[place] for name, place in places if cells[place]}
        elif cells:
            raise FileRefused(f"line {number}: has {len(cells)} cells where the header has {len(columns)}")


def _cells(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter), [""])


def _places(columns: Sequence[str], names: frozenset[str], needed: Sequence[str]) -> list[tuple[str, int]]:
    """Where each known column stands; whatever else the file has is not read."""
    called = {name: name if name in columns else ELSEWHERE.get(name, name) for name in sorted(names)}
    if missing := [name for name in needed if called[name] not in columns]:
        known = ", no column ".join(f"{name} (or {ELSEWHERE[name]})" for name in missing)
        raise FileRefused(f"line 1: there is no column {known}")
    return [(name, columns.index(column)) for name, column in called.items() if column in columns]
