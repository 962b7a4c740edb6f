"""What the database counted, gathered from both halves."""

from collections import defaultdict
from collections.abc import Iterable

from service.journey.report.rules import Cell
from service.kernel.database import Row

Path = tuple[int, ...]


class Tally:
    """People by figure, what it is of, and part; how they felt by kind of contact and part."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._cells: defaultdict[tuple[str, int, int], dict[int, int]] = defaultdict(dict)
        self.paths: defaultdict[Path, dict[int, int]] = defaultdict(dict)
        self._felt: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self.times: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for row in rows:
            figure, one, part, people = row["figure"], row["one"], row["part"], row["people"]
            if figure == "path":
                cell, part_or_time = self.paths[tuple(map(int, row["path"].split(">")))], part
            elif figure == "time":
                cell, part_or_time = self.times[one], row["other"]
            else:
                cell, part_or_time = self._cells[figure, one, row["other"]], part
            cell[part_or_time] = cell.get(part_or_time, 0) + people
            if figure == "touched":
                self._felt[one].append((part, row["ratings"], row["felt"]))

    def cell(self, figure: str, one: int = 0, other: int = 0) -> Cell:
        """How many people, by part."""
        return self._cells.get((figure, one, other), {})

    def of(self, figure: str) -> dict[tuple[int, int], Cell]:
        """Every cell of a figure, by what it is of."""
        return {(one, other): cell for (name, one, other), cell in self._cells.items() if name == figure}

    def felt(self, kind: int, parts: frozenset[int]) -> float | None:
        """The mean sentiment of a kind of contact in some parts."""
        of_parts = [(ratings, felt) for part, ratings, felt in self._felt[kind] if part in parts]
        ratings = sum(ratings for ratings, _ in of_parts)
        return sum(felt for _, felt in of_parts) / ratings if ratings else None

    def median(self, move: int) -> int | None:
        """After how many seconds half of those who made a move had made it."""
        times = sorted(self.times[move].items())
        half = sum(people for _, people in times) / 2
        seen = 0
        for seconds, people in times:
            seen += people
            if seen >= half:
                return seconds
        return None
