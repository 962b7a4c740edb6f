"""From what was counted to what is told: every figure asks whether it may be, and is withheld where it may not."""

from itertools import pairwise

from service.journey.report.kinds import Kinds
from service.journey.report.model import (
    DropOffTold,
    DroppedIn,
    FrictionTold,
    MoveTold,
    OfflineTold,
    Paths,
    PathTold,
    StageTold,
    Withheld,
)
from service.journey.report.rules import Cell, Divisions, people_in, together, without
from service.journey.report.tally import Path, Tally

MOST_PATHS = 12
MOVE = 64
"""A move is the number of a stage times this, plus that of the next."""


class Told:
    """The figures of one row: a number, or nothing and the reason why."""

    def __init__(self, divisions: Divisions, known: bool) -> None:
        self._divisions = divisions
        self._known = known
        self.withheld: Withheld = {}

    def people(self, name: str, cell: Cell, *within: Cell, safe: bool = True) -> int | None:
        """How many people, if neither they nor the others of those within whom they are would be too few."""
        divisions = self._divisions
        if self._known and safe and not divisions.few(cell) and all(divisions.told(cell, base) for base in within):
            return people_in(cell, divisions.asked)
        self.withhold(name)
        return None

    def withhold(self, *names: str) -> None:
        """Note that figures are not told."""
        self.withheld.update(dict.fromkeys(names, "smallest_group"))


class Telling:
    """Tells a tally as a report."""

    def __init__(self, kinds: Kinds, tally: Tally, divisions: Divisions) -> None:
        self.kinds = kinds
        self.tally = tally
        self.divisions = divisions
        self.everybody = together(tally.of("stage").values())
        self.known = bool(divisions.asked) and not divisions.few(self.everybody)
        stages = {one: cell for (one, _), cell in tally.of("stage").items()}
        self._hidden_stages = divisions.withheld(stages)
        self._paths = self._told_paths()

    def row(self) -> Told:
        """A new row."""
        return Told(self.divisions, self.known)

    def stages(self) -> list[StageTold]:
        """People by stage at the end, and who was there at any time."""
        told: list[StageTold] = []
        for number, stage in enumerate(self.kinds.stages):
            row, cell = self.row(), self.tally.cell("stage", number)
            people = row.people("people", cell, safe=number not in self._hidden_stages)
            reached = self._reached(row, number) if number else None
            told.append(StageTold(stage=stage or None, people=people, reached=reached, withheld=row.withheld))
        return [*told[1:], told[0]]

    def _reached(self, row: Told, number: int) -> int | None:
        """Who was in a stage at any time; where it is not told who is there now, many must have left it meanwhile."""
        cell, now = self.tally.cell("reached", number), self.tally.cell("stage", number)
        elsewhere = without(cell, together(self.tally.paths[path] for path in self._paths if number in path))
        gone = without(cell, now)
        safe = not self._few(elsewhere, gone) and (number not in self._hidden_stages or any(gone.values()))
        return row.people("reached", cell, self.everybody, safe=safe)

    def _few(self, *cells: Cell) -> bool:
        return any(self.divisions.few(cell) for cell in cells)

    def _told_paths(self) -> list[Path]:
        """The most walked paths that may be told beside the people of the stages in which they end."""
        told: list[Path] = []
        for number in range(1, len(self.kinds.stages)):
            if number in self._hidden_stages:
                continue
            ending = {path: cell for path, cell in self.tally.paths.items() if path[-1] == number}
            likely = sorted(ending, key=lambda path: -sum(ending[path].values()))[:MOST_PATHS]
            rest = together(ending[path] for path in ending.keys() - set(likely))
            family: dict[Path, Cell] = {path: ending[path] for path in likely} | {(): rest}
            told += [path for path in likely if path not in self.divisions.withheld(family, {()})]
        return sorted(told, key=lambda path: (-sum(self.tally.paths[path].values()), path))[:MOST_PATHS]

    def paths(self) -> Paths:
        """The paths that most people walked, and how many walked another."""
        asked, names = self.divisions.asked, self.kinds.stages
        walked = [
            PathTold(stages=[names[stage] for stage in path], people=people_in(self.tally.paths[path], asked))
            for path in (self._paths if self.known else [])
        ]
        others = together(cell for path, cell in self.tally.paths.items() if path not in self._paths)
        row = self.row()
        return Paths(
            walked=sorted((path for path in walked if path.people), key=lambda path: -path.people),
            others=row.people("others", others, safe=not self._hidden_stages),
            withheld=row.withheld,
        )

    def moves(self) -> list[MoveTold]:
        """Who went straight from one stage to another, forward and back."""
        cells = self.tally.of("move")
        told: list[MoveTold] = []
        for start in range(1, len(self.kinds.stages)):
            family = {end: cell for (one, end), cell in cells.items() if one == start}
            hidden = self.divisions.withheld(family)
            told += [self._move(start, end, cell, safe=end not in hidden) for end, cell in sorted(family.items())]
        return [move for move in told if move.people != 0]

    def _move(self, start: int, end: int, cell: Cell, *, safe: bool) -> MoveTold:
        row, reached = self.row(), self.tally.cell("reached", start)
        through = [self.tally.paths[path] for path in self._paths if (start, end) in pairwise(path)]
        people = row.people("people", cell, reached, safe=safe and not self._few(without(cell, together(through))))
        if people is None:
            row.withhold("share", "median_seconds")
        base = people_in(reached, self.divisions.asked)
        return MoveTold(
            start=self.kinds.stages[start],
            end=self.kinds.stages[end],
            back=end < start,
            people=people,
            share=round(people / base, 4) if people and base else None,
            median_seconds=self.tally.median(start * MOVE + end) if people else None,
            withheld=row.withheld,
        )

    def friction(self) -> list[FrictionTold]:
        """Who met which friction."""
        told: list[FrictionTold] = []
        for number, friction in enumerate(self.kinds.journey.friction, 1):
            row = self.row()
            people = row.people("people", self.tally.cell("friction", number, -1), self.everybody)
            told.append(FrictionTold(friction=friction.id, kind=friction.kind, people=people, withheld=row.withheld))
        return told

    def dropped(self) -> Cell:
        """Who fell silent."""
        return together(self.tally.of("dropped").values())

    def drop_off(self) -> DropOffTold:
        """Who fell silent, and in which stage."""
        by_stage: dict[int, Cell] = {}
        for (stage, _), cell in self.tally.of("dropped").items():
            by_stage[stage] = together([by_stage.get(stage, {}), cell])
        hidden = self.divisions.withheld(by_stage)
        total = self.row()
        people = total.people("people", self.dropped(), self.everybody)
        stages: list[DroppedIn] = []
        for stage in sorted(by_stage):
            row, reached = self.row(), self.tally.cell("reached", stage)
            found = row.people("people", by_stage[stage], reached, safe=people is not None and stage not in hidden)
            stages.append(DroppedIn(stage=self.kinds.stages[stage], people=found, withheld=row.withheld))
        return DropOffTold(people=people, stages=stages, withheld=total.withheld)

    def offline(self) -> OfflineTold:
        """Research online, purchase offline."""
        row = self.row()
        looked = self.tally.cell("offline", 1)
        bought = together([looked, self.tally.cell("offline")])
        people = row.people("people", bought, self.everybody, self.tally.cell("converted"))
        researched = row.people("researched_online", looked, bought)
        return OfflineTold(people=people, researched_online=researched, withheld=row.withheld)
