"""Lines of a file that are refused, by number and reason, and never with what a line says."""

from collections import Counter
from collections.abc import Iterator, Sequence

from service.kernel.problem import Fault

SHOWN = 10
"""Reasons that are shown on the screen."""


class Refusals:
    """Counts refused lines: a line may have several reasons, and a reason many lines."""

    def __init__(self) -> None:
        self.lines = 0
        self._reasons: Counter[Fault] = Counter()
        self._first: dict[Fault, int] = {}

    def add(self, number: int, faults: Sequence[Fault]) -> None:
        """Count a line that is refused, for each of these reasons."""
        self.lines += 1
        for fault in faults:
            self._reasons[fault] += 1
            self._first.setdefault(fault, number)

    def document(self) -> list[dict[str, object]]:
        """The reasons, for programs."""
        return [
            {"path": fault.path, "reason": fault.message, "lines": count, "first_line": self._first[fault]}
            for fault, count in self._reasons.most_common()
        ]

    def sentences(self, rest: str) -> Iterator[str]:
        """The reasons, for people; `rest` says where those are that are not shown."""
        for fault, count in self._reasons.most_common(SHOWN):
            yield f"  {count} x {fault.path}: {fault.message} (first in line {self._first[fault]})"
        if len(self._reasons) > SHOWN:
            yield f"  and {len(self._reasons) - SHOWN} other reasons; {rest}"
