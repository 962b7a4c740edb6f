"""How probable an offer is under a policy that looks at the placement alone: by a table, or by the policy's own log."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.cli.lines import FileRefused
from service.cli.offers.lines import Counted, Weighed

CLOSE = 0.02
"""How far from one the propensities of a placement may add up to, from rounding."""

Table = Mapping[str, Mapping[str, float]]
"""The propensity of each offer, by placement."""


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
