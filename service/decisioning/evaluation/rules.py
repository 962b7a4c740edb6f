"""Off-policy estimates of a success rate: sums over a log that fit into memory however long it is.

A decision of the log weighs as much as it is more probable under the policy asked about: `target / propensity`.
IPS is the mean of weighted successes (Horvitz and Thompson 1952); SNIPS divides by the sum of weights instead of their
number (Swaminathan and Joachims 2015), so that it stays a share and varies less. Both need to know exactly how probable
each logged decision was, which is why propensities are stored with decisions (D11).
"""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from statistics import quantiles

from msgspec.structs import replace

from service.decisioning.evaluation.model import Doubt, Estimate, Interval, Rate

BINS = 200
"""Bins of weights for each factor of e: what is in one differs by half a percent at most, and is resampled together."""
WEIGHTLESS = -1_000_000
"""The bin of decisions that the policy would never make."""
HEAVY = 20.0
"""A weight above this rests on an offer that the log shows rarely and the policy often."""
FEW = 100
"""Effective decisions below which an estimate says little."""
FEW_SUCCESSES = 10
"""Matched successes below which its interval says little."""
NOTICEABLE = 0.05
"""How far from one the mean weight may be; chance moves it by a few standard errors more."""
STANDARD_ERRORS = 4
DEVIATIONS = 9
"""Beyond so many standard deviations nothing is ever drawn from a Poisson distribution."""
TWENTIETHS = 40
"""Cut points of which the first and the last hold 95 % between them."""


class _Bin:
    """Decisions with the same outcome and almost the same weight."""

    __slots__ = ("number", "weight")

    def __init__(self) -> None:
        self.number = 0
        self.weight = 0.0


class Sums:
    """What the decisions of a placement add up to."""

    def __init__(self) -> None:
        self.left_out = self.heavy = self.matched = 0
        self.squares = self.largest = 0.0
        self.bins: dict[tuple[int, bool], _Bin] = {}

    def add(self, propensity: float | None, target: float, *, success: bool) -> None:
        """Count one decision; one of which nobody knows how probable it was is left out."""
        if not propensity:
            self.left_out += 1
            return
        weight = target / propensity
        place = round(BINS * math.log(weight)) if weight > 0 else WEIGHTLESS
        of_its_kind = self.bins.get((place, success))
        if of_its_kind is None:
            of_its_kind = self.bins[place, success] = _Bin()
        of_its_kind.number += 1
        if weight > 0:
            of_its_kind.weight += weight
            self.matched += 1
            self.squares += weight * weight
            self.largest = max(self.largest, weight)
            self.heavy += weight > HEAVY

    def include(self, other: "Sums") -> None:
        """Count the decisions of another placement too."""
        self.left_out += other.left_out
        self.heavy += other.heavy
        self.matched += other.matched
        self.squares += other.squares
        self.largest = max(self.largest, other.largest)
        for key, more in other.bins.items():
            mine = self.bins.setdefault(key, _Bin())
            mine.number += more.number
            mine.weight += more.weight


class _Totals:
    """The four sums that every rate is made of, for a log or for one of its repetitions."""

    __slots__ = ("earned", "number", "successes", "weight")

    def __init__(self) -> None:
        self.number = self.successes = 0
        self.weight = self.earned = 0.0

    def add(self, number: int, weight: float, *, success: bool) -> None:
        self.number += number
        self.weight += weight
        if success:
            self.successes += number
            self.earned += weight

    @property
    def rates(self) -> tuple[float, float, float]:
        """The rate of the log itself, IPS and SNIPS."""
        snips = self.earned / self.weight if self.weight else math.nan
        return self.successes / self.number, self.earned / self.number, snips


def estimate(placement: str | None, sums: Sums, *, repetitions: int, seed: int) -> Estimate:
    """What these sums say of the policy, with the middle 95 % of so many repetitions; 0 repetitions give no interval.

    `effective` is Kish's effective sample size, (sum of weights)² / sum of squared weights.
    """
    totals = _Totals()
    for (_, success), of_its_kind in sums.bins.items():
        totals.add(of_its_kind.number, of_its_kind.weight, success=success)
    logged, ips, snips = _rates(totals, _repeated(sums, repetitions, random.Random(f"{seed} {placement}")))  # noqa: S311 - a seed makes it come out the same again
    found = Estimate(
        placement=placement,
        decisions=totals.number + sums.left_out,
        left_out=sums.left_out,
        successes=totals.successes,
        matched=sums.matched,
        matched_successes=sum(one.number for (place, won), one in sums.bins.items() if won and place != WEIGHTLESS),
        effective=totals.weight**2 / sums.squares if sums.squares else 0.0,
        mean_weight=totals.weight / totals.number if totals.number else 0.0,
        largest_weight=sums.largest,
        heavy=sums.heavy,
        logged=logged,
        ips=ips if sums.matched else None,
        snips=snips if sums.matched else None,
        doubts=(),
    )
    return replace(found, doubts=tuple(doubts(found, sums.squares)))


def _rates(totals: _Totals, repeated: Sequence[_Totals]) -> list[Rate | None]:
    """The three rates, each with its interval."""
    if not totals.number:
        return [None, None, None]
    columns = list(zip(*(one.rates for one in repeated if one.number), strict=True)) or [(), (), ()]
    return [Rate(value, _middle(column)) for value, column in zip(totals.rates, columns, strict=True)]


def _middle(values: Iterable[float]) -> Interval | None:
    """The percentile interval (Efron 1979); repetitions in which nothing had a weight say nothing of SNIPS."""
    known = [value for value in values if not math.isnan(value)]
    if len(known) < TWENTIETHS:
        return None
    cuts = quantiles(known, n=TWENTIETHS, method="inclusive")
    return Interval(cuts[0], cuts[-1])


def _repeated(sums: Sums, repetitions: int, chance: random.Random) -> list[_Totals]:
    """The same log drawn again with replacement, as often as asked: the Poisson bootstrap (Chamandy et al. 2012).

    Each decision counts a number of times that a Poisson distribution of mean one says, so that no decision needs to
    know of another. Those of one bin then count together as often as one of mean `number` says, which is why bins
    are enough to know.
    """
    repeated = [_Totals() for _ in range(repetitions)]
    for (_, success), of_its_kind in sorted(sums.bins.items()):
        weight = of_its_kind.weight / of_its_kind.number
        for one, times in zip(repeated, _poisson(of_its_kind.number, repetitions, chance), strict=True):
            one.add(times, times * weight, success=success)
    return repeated


def _poisson(mean: int, times: int, chance: random.Random) -> list[int]:
    """Draws from a Poisson distribution, by inversion."""
    reach = DEVIATIONS * math.sqrt(mean)
    values = range(max(0, int(mean - reach)), int(mean + reach) + DEVIATIONS)
    probabilities = (math.exp(value * math.log(mean) - mean - math.lgamma(value + 1)) for value in values)
    return chance.choices(values, cum_weights=list(accumulate(probabilities)), k=times)


def doubts(found: Estimate, squares: float) -> Iterator[Doubt]:
    """What makes an estimate worth less than it looks; `squares` is the sum of squared weights."""
    if found.left_out:
        yield "propensities"
    if not found.matched:
        yield "unmatched"
        return
    if found.effective < FEW:
        yield "few"
    if found.matched_successes < FEW_SUCCESSES:
        yield "successes"
    if found.heavy:
        yield "weights"
    weighed = found.decisions - found.left_out
    error = math.sqrt(max(0.0, squares / weighed - found.mean_weight**2) / weighed)
    if abs(found.mean_weight - 1) > max(NOTICEABLE, STANDARD_ERRORS * error):
        yield "uncovered" if found.mean_weight < 1 else "surplus"
