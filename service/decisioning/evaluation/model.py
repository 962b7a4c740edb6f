"""The nouns of evaluation: a decision of a log, and what a log says of a policy that did not make it."""

from typing import Literal

from msgspec import Struct

Doubt = Literal["unmatched", "propensities", "few", "successes", "weights", "uncovered", "surplus"]
"""What makes an estimate worth less than it looks; `rules.doubts` says when."""

CONFIDENCE = 0.95
"""The share of repetitions that an interval covers."""


class Logged(Struct, frozen=True):
    """A decision of the log: what filled the placement, how probable that was, what became of it.

    `propensity` is that of the policy that decided (None: not known), `target` that of the policy asked about, both for
    the offer that was shown.
    """

    placement: str
    propensity: float | None
    target: float
    success: bool


class Interval(Struct, frozen=True):
    """Where the middle 95 % of repetitions lie."""

    low: float
    high: float


class Rate(Struct, frozen=True):
    """A share of decisions that succeeded; without an interval where nothing was repeated."""

    value: float
    interval: Interval | None


class Estimate(Struct, frozen=True):
    """What a log says of the policy asked about. Rates are None where no decision could be weighed.

    `left_out`: decisions of which nobody knows how probable they were. `matched`: decisions that the policy may have
    made too. `effective`: how many decisions of its own they are worth. `mean_weight` is near one where the log shows
    whatever the policy would; `heavy` decisions weigh more than `rules.HEAVY`.
    """

    placement: str | None
    decisions: int
    left_out: int
    successes: int
    matched: int
    matched_successes: int
    effective: float
    mean_weight: float
    largest_weight: float
    heavy: int
    logged: Rate | None
    ips: Rate | None
    snips: Rate | None
    doubts: tuple[Doubt, ...]
