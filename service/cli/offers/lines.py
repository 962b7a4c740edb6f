"""The lines of a log of decisions, or of a table of a policy, in a .csv or .jsonl that may be compressed as .gz."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar, cast

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from service.cli.lines import FileRefused, Row
from service.cli.lines import lines as bodies
from service.kernel.problem import Fault
from service.kernel.sentences import refusal

MOST_TOLD = 10
"""Lines that are told to be wrong before reading ends."""
ELSEWHERE = {"placement": "position", "offer": "item_id", "propensity": "propensity_score", "success": "click"}
"""What the Open Bandit Pipeline calls these columns (Saito et al. 2021)."""
STRUCTURED = {"facts", "allowed"}
"""What no cell holds, only a line of JSON."""
NOT_AN_OBJECT = Fault("$", "is not an object of JSON")

Probability = Annotated[float, Meta(ge=0, le=1)]
Name = str | int
T = TypeVar("T", bound="Line")

_object = msgspec.json.Decoder(dict[str, Any])


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
    packed = path.suffix.lower() == ".gz"
    file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    wrong: list[str] = []
    try:
        for line in bodies(path.with_suffix("") if packed else path, file, lambda header: _row_of(header, kind)):
            found = line.body if isinstance(line.body, Fault) else _read(line.body, kind)
            if not isinstance(found, Fault):
                yield line.number, found
                continue
            wrong.append(f"line {line.number}: {found.path[2:]} {found.message}".replace("  ", " "))
            if len(wrong) == MOST_TOLD:
                break
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FileRefused("is not a whole .gz file; copy it again") from None
    if wrong:
        raise FileRefused("\n".join(wrong))


def _row_of(header: Sequence[str], kind: type[T]) -> Row:
    """What makes a body of a row: of each known column its cell, unless that is empty. Other columns are not read."""
    columns = [name.strip() for name in header]
    of_kind = {field.name: field.required for field in fields(kind) if field.name not in STRUCTURED}
    called = {name: name if name in columns else ELSEWHERE.get(name, name) for name in of_kind}
    if missing := [name for name, required in of_kind.items() if required and called[name] not in columns]:
        known = ", ".join(f"{name} (or {ELSEWHERE[name]})" for name in missing)
        raise FileRefused(f"the first line has no column {known}")
    places = [(name, columns.index(column)) for name, column in called.items() if column in columns]

    def row(cells: Sequence[str]) -> Mapping[str, Any]:
        return {name: cells[place] for name, place in places if cells[place]}

    return row


def _read(body: bytes, kind: type[T]) -> T | Fault:
    try:
        said = _object.decode(body)
        known = {name: said.get(name, said.get(ELSEWHERE.get(name, ""))) for name in kind.__struct_fields__}
        return msgspec.convert({name: one for name, one in known.items() if one is not None}, kind, strict=False)
    except msgspec.ValidationError as error:
        fault = refusal(str(error), frozenset(kind.__struct_fields__))
        return fault if fault.path != "$" else NOT_AN_OBJECT
    except msgspec.DecodeError:
        return NOT_AN_OBJECT
