"""The columns of a CSV of consents: each is a path into the body of POST /v1/consents."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.cli.lines import FileRefused, Row, columns

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


def _put(body: dict[str, Any], name: str, value: object) -> None:
    head, *_ = [each for each in OPEN if name.startswith(each)] or [""]
    *path, last = [head[:-1], name.removeprefix(head)] if head else name.split(".")
    for part in path:
        body = body.setdefault(part, {})
    body[last] = value


def row_of(header: Sequence[str]) -> Row:
    """What makes a body of a row with these columns; raises `FileRefused`. An empty cell says nothing."""
    names = columns(header, REQUIRED, _known)
    if not any(name.startswith(DECISIONS) for name in names):
        raise FileRefused("the first line has no column of a purpose, such as decisions.analytics")

    def row(cells: Sequence[str]) -> Mapping[str, Any]:
        body: dict[str, Any] = {}
        for name, cell in zip(names, cells, strict=True):
            if cell:
                _put(body, name, TRUTHS.get(cell, cell) if name in TRUTH else cell)
        return body

    return row


def _known(name: str) -> bool:
    return name in REQUIRED or name in OPTIONAL or any(name.startswith(head) and name != head for head in OPEN)
