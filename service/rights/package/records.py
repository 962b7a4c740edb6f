"""The rows of the page: each value with its label, what only programs need in small print, everything escaped.

Written by hand and not by the template: of who has had many contacts there are very many.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec
from markupsafe import Markup, escape
from msgspec import Raw

from service.rights.package.meanings import Meaning
from service.rights.package.preface import Preface
from service.rights.package.words import Words

PAYLOAD = frozenset({"payload", "notice"})
"""What was recorded, and its part about the text."""
LEFT_OUT = frozenset(
    {"entry_id", "subject_id", "effective_at", "recorded_at", "bundle", "sha256", "evidence_sha256", "request_id"}
)
"""What an entry says that stands beside it on the page, or is for programs alone."""
IN_ORDER = ("kind", "purpose", "status", "right", "state", "method", "site", "valid_until", "notice")
TIMES = frozenset({"valid_until", "collected_at"})
SMALL_PRINT = frozenset({"pseudonym", "technical"})
BUNDLE = "bundle"
IDS = frozenset({"uuid", "uuid[]", "bytea", "bytea[]"})
WORDED = frozenset(
    {
        *("purpose", "purposes", "status", "state", "kind", "channel", "event", "mode", "reason", "right", "refusal"),
        *("placement", "offer", "stage", "previous", "journey"),
    }
)
"""Columns whose values are ids of the bundle or stand in a closed list."""


class Records:
    """Makes the rows of one package."""

    def __init__(self, preface: Preface, words: Words) -> None:
        self._preface = preface
        self._words = words
        self._named = dict(words.values) | preface.titles

    def of(self, table: str, rows: Iterable[Raw]) -> Iterator[Markup]:
        """The rows of one table."""
        columns = self._preface.meanings[table].columns
        labels = {name: str(escape(self._words.column(table, name))) for name in columns}
        small = {name for name, column in columns.items() if _in_small_print(name, column)}
        times = {name for name, column in columns.items() if column.type.startswith("timestamp")}
        for raw in rows:
            row: dict[str, Any] = msgspec.json.decode(raw)
            large: list[str] = []
            fine: list[str] = []
            for name, value in row.items():
                if value is None or name not in columns or name == "subject_id":
                    continue
                shown = self._time(value) if name in times else self._shown(name, value)
                if name in small:
                    fine.append(f"{labels[name]}: {shown}")
                else:
                    large.append(f"<div><dt>{labels[name]}</dt><dd>{shown}</dd></div>")
            yield Markup(_record(large, fine + self._proven(row), self._told(row)))  # noqa: S704 - escaped piece by piece

    def _time(self, value: str) -> str:
        return self._words.time(msgspec.convert(value, datetime))

    def _shown(self, name: str, value: Any) -> str:
        """A value as markup; of what is nested each part has its own name."""
        if isinstance(value, dict):
            inner = cast("Mapping[str, Any]", value)
            return f'<dl class="inner">{"".join(self._parts(name in PAYLOAD, inner))}</dl>'
        if isinstance(value, list):
            return ", ".join(self._shown(name, one) for one in cast("list[Any]", value))
        if isinstance(value, bool):
            return str(escape(self._words.say["yes" if value else "no"]))
        return str(escape(self._named.get(value, value) if name in WORDED else value))

    def _parts(self, recorded: bool, inner: Mapping[str, Any]) -> Iterator[str]:
        """The parts of an object, those of what was recorded in a good order."""
        left_out = LEFT_OUT if recorded else frozenset[str]()
        first = [name for name in IN_ORDER if name in inner] if recorded else []
        for name in [*first, *(name for name in inner if name not in first)]:
            if inner[name] is not None and name not in left_out:
                value = inner[name]
                shown = self._time(value) if recorded and name in TIMES else self._shown(name, value)
                yield f"<div><dt>{escape(self._words.facts.get(name, name))}</dt><dd>{shown}</dd></div>"

    def _proven(self, row: Mapping[str, Any]) -> list[str]:
        """Where the ledger has an entry."""
        inclusion: Mapping[str, Any] = row.get("inclusion") or {}
        if not inclusion:
            return []
        if inclusion["leaf_index"] is None:
            return [str(escape(self._words.say["proof-waits"]))]
        return [
            str(escape(self._words.say["proof"].format(place=inclusion["leaf_index"], size=inclusion["tree_size"])))
        ]

    def _told(self, row: Mapping[str, Any]) -> list[str]:
        """Why a decision was made, in sentences."""
        explained: Mapping[str, Any] = row.get("explanation") or {}
        return [f"<p>{escape(paragraph)}</p>" for paragraph in explained.get("paragraphs", ())]


def _in_small_print(name: str, column: Meaning) -> bool:
    """Whether only programs, and who checks something, need it."""
    return column.category in SMALL_PRINT or name == BUNDLE or (column.type in IDS and not column.sealed)


def _record(large: list[str], fine: list[str], told: list[str]) -> str:
    """One row."""
    why = f'<div class="why">{"".join(told)}</div>' if told else ""
    small = f'<p class="fine">{" · ".join(fine)}</p>' if fine else ""
    return f'<div class="record"><dl>{"".join(large)}</dl>{why}{small}</div>\n'
