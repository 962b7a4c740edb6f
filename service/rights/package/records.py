"""The rows of the page: each value with its label, what only programs need in small print, everything escaped.

Written by hand and not by the template: of who has had many contacts there are very many.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec
from markupsafe import Markup, escape
from msgspec import Raw

from service.rights.package.preface import Preface
from service.rights.package.words import Words

PAYLOAD = "payload"
REPEATED = frozenset({"entry_id", "subject_id", "effective_at", "recorded_at"})
"""What an entry says of itself that stands beside it."""
SMALL_PRINT = frozenset({"pseudonym", "technical"})
IDS = frozenset({"uuid", "uuid[]", "bytea", "bytea[]"})
WORDED = frozenset({"purpose", "purposes", "status", "state", "kind", "channel", "event", "mode", "reason", "right"})
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
        small = {name for name, column in columns.items() if _in_small_print(column.category, column.type)}
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
            parts = (
                f"<div><dt>{escape(self._words.facts.get(part, part))}</dt><dd>{self._shown(part, of)}</dd></div>"
                for part, of in inner.items()
                if of is not None and not (name == PAYLOAD and part in REPEATED)
            )
            return f'<dl class="inner">{"".join(parts)}</dl>'
        if isinstance(value, list):
            return ", ".join(self._shown(name, one) for one in cast("list[Any]", value))
        if isinstance(value, bool):
            return str(escape(self._words.say["yes" if value else "no"]))
        return str(escape(self._named.get(value, value) if name in WORDED else value))

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


def _in_small_print(category: str, kind: str) -> bool:
    return category in SMALL_PRINT or kind in IDS


def _record(large: list[str], fine: list[str], told: list[str]) -> str:
    """One row."""
    why = f'<div class="why">{"".join(told)}</div>' if told else ""
    small = f'<p class="fine">{" · ".join(fine)}</p>' if fine else ""
    return f'<div class="record"><dl>{"".join(large)}</dl>{why}{small}</div>\n'
