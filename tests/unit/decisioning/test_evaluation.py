"""What a log says of a policy that did not make it: the formulas, their intervals, and when to doubt them."""

import math
import random
from collections.abc import Iterable
from statistics import fmean, pvariance

import pytest

from service.decisioning.evaluation.model import Estimate, Interval, Rate
from service.decisioning.evaluation.rules import Sums, _poisson, estimate

Row = tuple[float | None, float, bool]


def drawer(seed: int) -> random.Random:
    """Chance that comes out the same again."""
    return random.Random(seed)  # noqa: S311 - nothing here is a secret


def estimated(rows: Iterable[Row], *, repetitions: int = 0, seed: int = 1) -> Estimate:
    """The estimate from rows of propensity, target and success."""
    sums = Sums()
    for propensity, target, success in rows:
        sums.add(propensity, target, success=success)
    return estimate("hero", sums, repetitions=repetitions, seed=seed)


def value(rate: Rate | None) -> float:
    """The rate, which there must be."""
    assert rate is not None
    return rate.value


def interval(rate: Rate | None) -> Interval:
    """The interval of a rate, which there must be."""
    assert rate is not None
    assert rate.interval is not None
    return rate.interval


def world(number: int, seed: int) -> list[Row]:
    """A log of three offers that succeed with 10, 20 and 40 %, shown at random, and asked about with 1:1:2."""
    chance = drawer(seed)
    rates, targets = (0.1, 0.2, 0.4), (0.25, 0.25, 0.5)
    offers = chance.choices(range(3), k=number)
    return [(1 / 3, targets[offer], chance.random() < rates[offer]) for offer in offers]


TRUTH = 0.25 * 0.1 + 0.25 * 0.2 + 0.5 * 0.4


def test_estimates_are_the_formulas() -> None:
    """IPS, SNIPS, Kish's effective size and the log's own rate, by hand."""
    found = estimated([(0.5, 1.0, True), (0.5, 0.0, True), (0.25, 0.5, False), (1.0, 0.5, True)])
    assert (found.decisions, found.successes, found.matched, found.matched_successes) == (4, 3, 3, 2)
    assert value(found.logged) == 3 / 4
    assert value(found.ips) == pytest.approx((2 + 0.5) / 4)
    assert value(found.snips) == pytest.approx((2 + 0.5) / (2 + 2 + 0.5))
    assert found.effective == pytest.approx(4.5**2 / (4 + 4 + 0.25))
    assert (found.mean_weight, found.largest_weight) == (pytest.approx(4.5 / 4), 2.0)


def test_a_policy_that_decided_itself_is_what_the_log_says() -> None:
    """Where target and propensity are the same, every estimate is the log's own rate, and every decision counts one."""
    chance = drawer(5)
    rows: list[Row] = [(p := chance.uniform(0.1, 1), p, chance.random() < 0.3) for _ in range(500)]
    found = estimated(rows)
    assert value(found.ips) == pytest.approx(value(found.logged)) == value(found.snips)
    assert found.effective == pytest.approx(500)
    assert found.doubts == ()


def test_estimates_find_the_truth() -> None:
    """Over many logs both estimates lie around the true rate of the other policy, and 95 % intervals mostly hold it."""
    found = [estimated(world(1000, seed), repetitions=400) for seed in range(60)]
    for name in ("ips", "snips"):
        rates = [getattr(one, name) for one in found]
        assert fmean(value(rate) for rate in rates) == pytest.approx(TRUTH, abs=0.006)
        held = sum(interval(rate).low <= TRUTH <= interval(rate).high for rate in rates)
        assert held >= 52


def test_intervals_are_those_of_drawing_again() -> None:
    """Drawing whole bins by Poisson gives the interval that drawing each decision again with replacement gives."""
    rows = world(2000, 3)
    chance = drawer(8)
    plain: list[float] = []
    for _ in range(1500):
        drawn = chance.choices(rows, k=len(rows))
        weights = [(target / propensity, success) for propensity, target, success in drawn if propensity]
        plain.append(sum(w for w, success in weights if success) / sum(w for w, _ in weights))
    plain.sort()
    found = interval(estimated(rows, repetitions=1500).snips)
    assert found.low == pytest.approx(plain[37], abs=0.004)
    assert found.high == pytest.approx(plain[-38], abs=0.004)


@pytest.mark.parametrize("mean", [1, 3, 40, 5000, 1_000_000])
def test_draws_are_poisson(mean: int) -> None:
    """Mean and variance of what is drawn are the mean, for a handful of decisions and for a million."""
    drawn = _poisson(mean, 20_000, drawer(2))
    assert fmean(drawn) == pytest.approx(mean, abs=5 * math.sqrt(mean / 20_000))
    assert pvariance(drawn) == pytest.approx(mean, rel=0.05)
    assert min(drawn) >= 0


def test_the_same_seed_gives_the_same_intervals_in_any_order_of_lines() -> None:
    """An evaluation can be done again: only another seed draws otherwise."""
    rows = world(300, 1)
    first = estimated(rows, repetitions=100)
    assert interval(estimated(rows[::-1], repetitions=100).snips).low == pytest.approx(interval(first.snips).low)
    assert interval(estimated(rows, repetitions=100, seed=2).snips) != interval(first.snips)


def test_memory_does_not_grow_with_the_log() -> None:
    """Weights that are all different are kept in a few thousand bins, and their sum is not rounded."""
    chance = drawer(4)
    sums, total = Sums(), 0.0
    for _ in range(30_000):
        propensity, target = chance.uniform(0.001, 1), chance.random()
        sums.add(propensity, target, success=False)
        total += target / propensity
    assert len(sums.bins) < 4000
    assert estimate("hero", sums, repetitions=0, seed=1).mean_weight == pytest.approx(total / 30_000)


def test_what_has_no_propensity_is_left_out() -> None:
    """Nobody knows how much a decision weighs whose propensity is missing or 0; the rest is as without it."""
    rows = world(400, 6)
    found = estimated([*rows, (None, 1.0, True), (0.0, 1.0, True)])
    assert (found.left_out, found.decisions) == (2, 402)
    assert "propensities" in found.doubts
    assert value(found.snips) == value(estimated(rows).snips)


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        ([(1.0, 0.0, True)] * 5, "unmatched"),
        ([(1.0, 1.0, False)] * 99, "few"),
        ([(1.0, 1.0, True)] * 9 + [(1.0, 1.0, False)] * 200, "successes"),
        ([(0.04, 1.0, True)] + [(1.0, 1.0, True)] * 500, "weights"),
        ([(1.0, 1.0, True)] * 400 + [(1.0, 0.0, True)] * 100, "uncovered"),
        ([(0.5, 1.0, True)] * 500, "surplus"),
    ],
)
def test_a_thin_log_is_doubted(rows: list[Row], doubt: str) -> None:
    """Each way in which a log says little is told by name."""
    assert doubt in estimated(rows).doubts


def test_a_good_log_is_not_doubted() -> None:
    """Nothing is said where nothing is wrong."""
    assert estimated(world(3000, 9)).doubts == ()


def test_together_is_the_sum_of_placements() -> None:
    """The sums of two placements are those of one log with both."""
    rows, others = world(200, 1), world(300, 2)
    one, two = Sums(), Sums()
    for sums, log in ((one, rows), (two, others)):
        for propensity, target, success in log:
            sums.add(propensity, target, success=success)
    one.include(two)
    together, both = estimate("hero", one, repetitions=0, seed=1), estimated([*rows, *others])
    assert (together.decisions, together.successes, together.matched) == (500, both.successes, both.matched)
    assert value(together.snips) == pytest.approx(value(both.snips))
    assert together.effective == pytest.approx(both.effective)


def test_nothing_is_said_of_nothing() -> None:
    """An empty log has no rates."""
    found = estimated([])
    assert (found.logged, found.ips, found.snips, found.decisions) == (None, None, None, 0)
