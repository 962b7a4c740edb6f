"""How a simulation is told: tables for people, or one JSON document, written as it comes, for programs."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

import msgspec
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.journeys.totals import Totals, words
from service.cli.journeys.walk import Walk
from service.policy.model import Bundle, Journey

NOWHERE = "-"
BAR = 30
"""The longest bar, in characters."""
UNMAPPED = 10
"""Kinds of events without a rule that are shown."""


class Stream:
    """One JSON document, of which no more than one person is held at a time."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._separator = ""

    def begin(self, journey: Journey, until: datetime) -> None:
        """Open the document."""
        self._out.write(f'{{"journey":{_json(journey.id)},"until":{_json(until)},"people":[')

    def add(self, walk: Walk) -> None:
        """Write a person."""
        self._out.write(f"{self._separator}\n{_json(walk)}")
        self._separator = ","

    def end(self, bundle: Bundle, journey: Journey, totals: Totals) -> None:
        """Write the totals and close the document."""
        touchpoints = list(totals.by_touchpoint(journey))
        document = {
            "events": totals.events,
            "duplicates": totals.duplicates,
            "people": totals.people,
            "stages": totals.by_stage(journey),
            "moves": totals.by_move(journey),
            "personas": totals.by_persona(bundle),
            "touchpoints": touchpoints,
            "without_a_rule": sum(kind.events for kind in touchpoints if kind.role is None),
        }
        self._out.write(f'\n],"totals":{_json(document)}}}\n')


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class Screen:
    """Tables: the first people move by move, and what everybody comes to."""

    def __init__(self, most: int, console: Console | None = None) -> None:
        self._console = console or Console()
        self._most = most
        self._walks: list[Walk] = []

    def begin(self, journey: Journey, until: datetime) -> None:
        """Say what is shown."""
        self._console.print(Text(f"{words(journey.title)} ({journey.id}), until {_time(until)}", style="bold"))

    def add(self, walk: Walk) -> None:
        """Keep the first people for the end."""
        if len(self._walks) < self._most:
            self._walks.append(walk)

    def end(self, bundle: Bundle, journey: Journey, totals: Totals) -> None:
        """Show everything."""
        for part in self._parts(bundle, journey, totals):
            self._console.print()
            self._console.print(part)

    def _parts(self, bundle: Bundle, journey: Journey, totals: Totals) -> Iterator[RenderableType]:
        if self._walks:
            yield _people(self._walks, totals.people)
        yield _shares("In the end", [(row.stage, row.title, row.people) for row in totals.by_stage(journey)])
        yield _moves(journey, totals)
        if bundle.personas:
            yield _shares("Personas", [(row.persona, row.title, row.people) for row in totals.by_persona(bundle)])
        yield _touchpoints(journey, totals)
        again = f", {totals.duplicates:,} told twice" if totals.duplicates else ""
        yield Text(f"{totals.events:,} events of {totals.people:,} people{again}.", style="dim")


def _people(walks: list[Walk], people: int) -> Table:
    title = "Everybody" if len(walks) == people else f"The first {len(walks)} of {people:,} people"
    table = _table(title, "person", "when", "from", "to", "evidence")
    for walk in walks:
        name = walk.person if walk.persona is None else f"{walk.person} ({walk.persona})"
        for place, move in enumerate(walk.moves):
            table.add_row(
                Text(name if place == 0 else ""),
                _time(move.at),
                move.from_stage or NOWHERE,
                Text(move.to_stage or NOWHERE, style="bold"),
                Text(_evidence(move.evidence), style="dim"),
            )
        if not walk.moves:
            table.add_row(Text(name), NOWHERE, NOWHERE, NOWHERE, Text("no evidence", style="dim"))
        table.add_section()
    return table


def _moves(journey: Journey, totals: Totals) -> RenderableType:
    table = _table("Moves", "from", "to", "moves", "people", "")
    for move in totals.by_move(journey):
        table.add_row(
            move.from_stage or NOWHERE,
            move.to_stage or NOWHERE,
            f"{move.moves:,}",
            f"{move.people:,}",
            Text("back" if move.back else "", style="yellow"),
        )
    return table


def _touchpoints(journey: Journey, totals: Totals) -> RenderableType:
    """Every kind of event that a rule speaks of, and the most frequent of the others."""
    table = _table("Touchpoints", "event", "channel", "stage", "events", "moment", "sentiment", "gap")
    others = _table("Events that no rule speaks of", "event", "channel", "events", "first line")
    unmapped = 0
    for kind in totals.by_touchpoint(journey):
        if kind.role is not None:
            felt = "" if kind.sentiment is None else f"{kind.sentiment:+.2f}"
            gap = "" if kind.gap is None else f"{kind.gap:+.2f}"
            style = "red" if kind.gap is not None and kind.gap < 0 else ""
            table.add_row(
                kind.event,
                kind.channel,
                kind.stage,
                f"{kind.events:,}",
                kind.moment or "",
                felt,
                Text(gap, style=style),
            )
        else:
            unmapped += 1
            if unmapped <= UNMAPPED:
                others.add_row(kind.event, kind.channel, f"{kind.events:,}", f"{kind.first_line:,}")
    parts: list[RenderableType] = [table] if table.rows else []
    if unmapped:
        rest = [Text(f"and {unmapped - UNMAPPED} more kinds; --json tells them all")] if unmapped > UNMAPPED else []
        parts += [Text(), others, *rest]
    return Group(*parts)


def _shares(title: str, rows: list[tuple[str | None, str, int]]) -> Table:
    """People by something, with bars."""
    whole = max(sum(people for *_, people in rows), 1)
    table = _table(title, "", "", "people", "", "")
    for name, words_of_it, people in rows:
        share = people / whole
        table.add_row(
            name or NOWHERE, Text(words_of_it, style="dim"), f"{people:,}", f"{share:.0%}", "█" * round(share * BAR)
        )
    return table


def _table(title: str, *headers: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for header in headers:
        numeric = header in {"moves", "people", "events", "sentiment", "gap", "first line"}
        table.add_column(header, justify="right" if numeric else "left", header_style="dim")
    return table


def _evidence(evidence: dict[str, float]) -> str:
    return "  ".join(f"{stage} {value:.2g}" for stage, value in evidence.items())


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M")
