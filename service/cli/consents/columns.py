"""The columns of a CSV of consents: each is a path into the body of POST /v1/consents."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from service.kernel.problem import Fault

REQUIRED = (
    "subject.kind",
    "subject.value",
    "site",
    "notice.id",
    "notice.version",
    "notice.language",
    "method",
    "collected_at",
)
OPTIONAL = (
    "notice_text",
    "gpc",
    "minor",
    "guardian.identifier.kind",
    "guardian.identifier.value",
    "guardian.verified_by",
)
DECISIONS = "decisions."
OPEN = (DECISIONS, "evidence.")
"""Columns that end with a name of the bundle's: a purpose, a key of evidence."""
TRUTH = {"gpc", "minor"}
TRUTHS = {"true": True, "false": False}
BROKEN = Fault("$", "is not UTF-8")


class FileRefused(Exception):
    """The file is none of consents; the message says what is wrong and names no cell."""


class Columns(Struct, frozen=True):
    """The columns of a file, in order."""

    names: tuple[str, ...]

    def body(self, cells: Sequence[str]) -> bytes | Fault:
        """A row as a body; an empty cell says nothing."""
        if len(cells) != len(self.names):
            return Fault("$", f"has {len(cells)} cells, and the first line names {len(self.names)} columns")
        body: dict[str, Any] = {}
        for name, cell in zip(self.names, cells, strict=True):
            if cell:
                _put(body, name, TRUTHS.get(cell, cell) if name in TRUTH else cell)
        try:
            return msgspec.json.encode(body)
        except UnicodeEncodeError:
            return BROKEN


def _put(body: dict[str, Any], name: str, value: object) -> None:
    head, *_ = [each for each in OPEN if name.startswith(each)] or [""]
    *path, last = [head[:-1], name.removeprefix(head)] if head else name.split(".")
    for part in path:
        body = body.setdefault(part, {})
    body[last] = value


def columns_of(header: Sequence[str]) -> Columns:
    """The columns that the first line names; raises `FileRefused`.

    Names are repeated only once it is sure that they are names: without a header the first line is a person's.
    """
    names = tuple(name.strip() for name in header)
    if missing := [name for name in REQUIRED if name not in names]:
        raise FileRefused(f"the first line has no column {', '.join(missing)}")
    if not any(name.startswith(DECISIONS) for name in names):
        raise FileRefused("the first line has no column of a purpose, such as decisions.analytics")
    if unknown := [name for name in names if not _known(name)]:
        raise FileRefused(f"there is no such column: {', '.join(repr(name) for name in unknown)}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FileRefused(f"the first line names a column twice: {', '.join(twice)}")
    return Columns(names)


def _known(name: str) -> bool:
    return name in REQUIRED or name in OPTIONAL or any(name.startswith(head) and name != head for head in OPEN)
