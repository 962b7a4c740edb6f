"""An evaluation of a log that is a file."""

import os
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path
from typing import TypeVar

from service.cli.keys.progress import Bars
from service.cli.lines import FileRefused
from service.cli.offers import target as targets
from service.cli.offers.lines import Counted, Decided, Line, Weighed, lines
from service.cli.offers.question import Question, called
from service.cli.offers.target import Policies, Target
from service.cli.offers.words import Evaluation
from service.decisioning.evaluation.rules import Sums
from service.policy.load import load

STEP = 2000
"""Lines between two steps of the bar."""

T = TypeVar("T")
L = TypeVar("L", bound=Line)


def from_file(log: Path, policies: Policies, question: Question) -> Evaluation:
    """Evaluate a policy on the decisions of a file; raises `FileRefused`, `BundleRefused`."""
    own = _read(policies.log, Counted, targets.of_log) if policies.log else None
    target, policy = _target(log, policies, own)
    sums = _read(log, Decided, lambda found: _summed(found, target, question.placements))
    if not sums:
        raise FileRefused(f"{log}: holds no decision" + (" on these placements" if question.placements else ""))
    return question.answer(log.name, policy, sums, own=own.successes if own else None)


def _target(log: Path, policies: Policies, own: targets.Own | None) -> tuple[Target, str]:
    """How probable the policy makes the offer of a line, and what the policy is called."""
    if own and policies.log:
        return targets.by_table(own.table), f"the policy of {policies.log.name}"
    if policies.table:
        table = _read(policies.table, Weighed, targets.table)
        return targets.by_table(table), f"the policy in {policies.table.name}"
    if policies.bundle:
        bundle = load(policies.bundle)
        return targets.by_bundle(bundle), called(policies.bundle, bundle)
    return targets.by_column, f"the policy in the column target of {log.name}"


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


def _read(path: Path, kind: type[L], use: Callable[[Iterator[tuple[int, L]]], T]) -> T:
    """Make something of the lines of a file, with a bar; what is wrong with the file names it."""
    with path.open("rb") as raw, Bars() as bars:
        tell, size = bars.bar(f"Reading {path.name}"), os.fstat(raw.fileno()).st_size
        told = raw.seekable()  # a pipe does not say how far it has been read

        def watched() -> Iterator[tuple[int, L]]:
            for step, found in enumerate(lines(path, raw, kind)):
                if told and step % STEP == 0:
                    tell(raw.tell(), size)
                yield found
            tell(size, size)

        try:
            return use(watched())
        except FileRefused as refused:
            raise FileRefused("\n".join(f"{path}: {line}" for line in str(refused).splitlines())) from refused
