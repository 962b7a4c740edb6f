"""What became of the lines of a file, by number and reason, and never with what a line says."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from service.cli.refusals import Refusals
from service.kernel.problem import Fault


class Tally:
    """Counts one passage through a file; `report` gets every reason, as lines of JSON."""

    def __init__(self, report: Path | None) -> None:
        self._path = report
        self._report: BinaryIO | None = None
        self._begin()

    def _begin(self) -> None:
        self.lines = self.recorded = self.already = 0
        self._refusals = Refusals()

    @property
    def refused(self) -> int:
        """How many lines are refused."""
        return self._refusals.lines

    @contextmanager
    def passage(self) -> Generator[None]:
        """Count from the beginning: a second passage finds again whatever the first one refused."""
        self._begin()
        if self._path is None:
            yield
            return
        with self._path.open("wb") as self._report:
            yield

    def refuse(self, number: int, faults: Sequence[Fault]) -> None:
        """Count a line that is refused, for each of these reasons."""
        self._refusals.add(number, faults)
        for fault in faults:
            if self._report is not None:
                told = {"line": number, "path": fault.path, "reason": fault.message}
                self._report.write(msgspec.json.encode(told) + b"\n")

    def document(self, outcome: str) -> dict[str, object]:
        """The counts, for programs."""
        return {
            "outcome": outcome,
            "lines": self.lines,
            "recorded": self.recorded,
            "already": self.already,
            "refused": self.refused,
            "reasons": self._refusals.document(),
        }

    def sentences(self, outcome: str) -> Iterator[str]:
        """The counts, for people."""
        good = f"{self.recorded} recorded, {self.already} on record already"
        if outcome in ("checked", "refused"):
            good = f"{self.lines - self.refused} can be recorded"
        yield f"{self.lines} lines: {good}, {self.refused} refused"
        yield from self._refusals.sentences("--report FILE keeps them all")
