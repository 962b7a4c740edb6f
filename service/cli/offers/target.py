"""How probable the policy asked about makes the offer of a line: by a table, its own log, a bundle, or a column."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from service.cli.lines import FileRefused
from service.cli.offers.lines import Counted, Decided, Weighed
from service.decisioning import rules
from service.decisioning.model import Input, Inputs
from service.policy.model import Bundle

CLOSE = 0.02
"""How far from one the propensities of a placement may add up to, from rounding."""

Target = Callable[[Decided], float]
"""How probable the offer of a line is; raises `FileRefused` where the line does not tell."""
Table = Mapping[str, Mapping[str, float]]
"""The propensity of each offer, by placement."""


class Policies(NamedTuple):
    """The ways to name a policy, of which one is taken; none: the log has a column."""

    bundle: Path | None = None
    table: Path | None = None
    log: Path | None = None


class Own(NamedTuple):
    """What a policy's own log says of it: how often it shows what, and with which success (None: it does not say)."""

    table: Table
    successes: dict[str, tuple[int, int]]


def table(lines: Iterable[tuple[int, Weighed]]) -> Table:
    """A table of propensities; raises `FileRefused` where an offer stands twice or a placement does not add up."""
    found: dict[str, dict[str, float]] = {}
    for number, line in lines:
        of_placement = found.setdefault(str(line.placement), {})
        if str(line.offer) in of_placement:
            raise FileRefused(
                f"line {number}: this offer of this placement stands in the table already; "
                f"a log of decisions is given with --target-log"
            )
        of_placement[str(line.offer)] = line.propensity
    for placement, propensities in found.items():
        total = math.fsum(propensities.values())
        if abs(total - 1) > CLOSE:
            raise FileRefused(f"the propensities of placement {placement} add up to {total:.3f}, and not to 1")
    if not found:
        raise FileRefused("holds no line")
    return found


def of_log(lines: Iterable[tuple[int, Counted]]) -> Own:
    """The table that a policy's own log amounts to: the share of each offer among what it showed.

    That is its mean propensity over the time of the log, without bias. The mean of the propensities that it logged is
    not: an offer is logged more often while it is probable.
    """
    shown: dict[str, Counter[str]] = {}
    won: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for _, line in lines:
        placement = str(line.placement)
        shown.setdefault(placement, Counter())[str(line.offer)] += 1
        told[placement] += line.success is not None
        won[placement] += line.success is True
    if not shown:
        raise FileRefused("holds no line")
    shares = {
        placement: {offer: number / counts.total() for offer, number in counts.items()}
        for placement, counts in shown.items()
    }
    return Own(shares, {placement: (won[placement], told[placement]) for placement in shown if told[placement]})


def by_table(table: Table) -> Target:
    """The same for everybody."""

    def probable(line: Decided) -> float:
        of_placement = table.get(str(line.placement))
        if of_placement is None:
            raise FileRefused("the policy says nothing of this placement; leave it out with --placement")
        return of_placement.get(str(line.offer), 0.0)

    return probable


def by_column(line: Decided) -> float:
    """As the line says."""
    if line.target is None:
        raise FileRefused("has no target, which says how probable the policy asked about makes this offer")
    return line.target


def by_bundle(bundle: Bundle) -> Target:
    """As the bundle decides on what the line says of the person and the page."""

    def probable(line: Decided) -> float:
        placement = bundle.placements.get(str(line.placement))
        if placement is None:
            raise FileRefused("the bundle has no such placement; leave it out with --placement")
        if line.at is None:
            raise FileRefused("has no time (at), by which calendars and rules about days are judged")
        chances = rules.chances(bundle, placement, _inputs(bundle, line), line.at)
        return chances.get(str(line.offer), 0.0)

    return probable


def _inputs(bundle: Bundle, line: Decided) -> Inputs:
    """What the line says, in the types of the bundle's fields."""
    if not bundle.purposes.keys() >= set(line.allowed):
        raise FileRefused(f"allowed names an unknown purpose; the bundle has {', '.join(bundle.purposes)}")
    facts: dict[str, Input] = {}
    for name, raw in line.facts.items():
        field = bundle.fields.get(name)
        value = field.value_of(raw) if field else None
        if field is None:
            raise FileRefused(f"facts names an unknown field; the bundle has {', '.join(sorted(bundle.fields))}")
        if value is None:
            raise FileRefused(f"facts.{field.id} must be {' | '.join(field.values) or field.type}")
        facts[name] = Input(value.isoformat() if isinstance(value, date) else value, field.purpose)
    return Inputs(facts=facts, allowed=line.allowed)
