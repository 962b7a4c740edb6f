"""An evaluation of a log that is a file."""

import os
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path
from typing import TypeVar

from service.cli.keys.progress import Bars
from service.cli.lines import FileRefused
from service.cli.offers import target as targets
from service.cli.offers.lines import Counted, Decided, Line, Weighed, lines
from service.cli.offers.words import Evaluation
from service.decisioning.evaluation.rules import Sums, estimate

STEP = 2000
"""Lines between two steps of the bar."""

T = TypeVar("T")
L = TypeVar("L", bound=Line)
Target = Callable[[Decided], float]


def from_file(
    log: Path, table: Path | None, own_log: Path | None, placements: Set[str], *, repetitions: int, seed: int
) -> Evaluation:
    """Evaluate the policy of a table, of its own log or of a column of the log; raises `FileRefused`."""
    own: targets.Own | None = None
    if own_log:
        own = _read(own_log, Counted, targets.of_log)
        target, policy = _of_table(own.table), f"the policy of {own_log.name}"
    elif table:
        target, policy = _of_table(_read(table, Weighed, targets.table)), f"the policy in {table.name}"
    else:
        target, policy = _of_column, f"the policy in the column target of {log.name}"
    sums = _read(log, Decided, lambda found: _summed(found, target, placements))
    if not sums:
        raise FileRefused(f"{log}: holds no decision" + (" on these placements" if placements else ""))
    together = Sums()
    for of_placement in sums.values():
        together.include(of_placement)
    return Evaluation(
        log=log.name,
        policy=policy,
        repetitions=repetitions,
        seed=seed,
        placements=[estimate(p, sums[p], repetitions=repetitions, seed=seed) for p in sorted(sums)],
        together=estimate(None, together, repetitions=repetitions, seed=seed),
        own={p: rate for p, rate in own.successes.items() if p in sums} if own else {},
        notes=(),
    )


def _summed(found: Iterable[tuple[int, Decided]], target: Target, placements: Set[str]) -> dict[str, Sums]:
    sums: dict[str, Sums] = {}
    for number, line in found:
        placement = str(line.placement)
        if placements and placement not in placements:
            continue
        try:
            probable = target(line)
        except FileRefused as refused:
            raise FileRefused(f"line {number}: {refused}") from None
        if placement not in sums:
            sums[placement] = Sums()
        sums[placement].add(line.propensity, probable, success=line.success)
    return sums


def _of_table(table: targets.Table) -> Target:
    def probable(line: Decided) -> float:
        of_placement = table.get(str(line.placement))
        if of_placement is None:
            raise FileRefused("the policy says nothing of this placement; leave it out with --placement")
        return of_placement.get(str(line.offer), 0.0)

    return probable


def _of_column(line: Decided) -> float:
    if line.target is None:
        raise FileRefused("has no target, which says how probable the policy asked about makes this offer")
    return line.target


def _read(path: Path, kind: type[L], use: Callable[[Iterator[tuple[int, L]]], T]) -> T:
    """Make something of the lines of a file, with a bar; what is wrong with the file names it."""
    with path.open("rb") as raw, Bars() as bars:
        tell, size = bars.bar(f"Reading {path.name}"), os.fstat(raw.fileno()).st_size

        def watched() -> Iterator[tuple[int, L]]:
            for step, found in enumerate(lines(path, raw, kind)):
                if step % STEP == 0:
                    tell(raw.tell(), size)
                yield found
            tell(size, size)

        try:
            return use(watched())
        except FileRefused as refused:
            raise FileRefused("\n".join(f"{path}: {line}" for line in str(refused).splitlines())) from refused
