"""How likely each offer is to be the best, and when that is computed."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from math import exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.decisioning.learning import rules
from service.decisioning.learning.model import Computed, Counts, LearntSlot
from tests.unit.decisioning.offering import NOON

ONE, OTHER = Counts(120, 9), Counts(80, 9)
COMPUTED = Computed(revision=100, bundle="sha256:one", computed_at=NOON)
SLOT = LearntSlot("hero", "think", {"one": ONE}, revision=100, computed=COMPUTED)


def _beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def better(one: Counts, other: Counts) -> float:
    """The probability that the other's rate is the higher one, in closed form (Miller, 2014)."""
    a, b = 1 + one.succeeded, 1 + one.shown - one.succeeded
    c, d = 1 + other.succeeded, 1 + other.shown - other.succeeded
    return sum(exp(_beta(a + i, b + d) - log(d + i) - _beta(1 + i, d) - _beta(a, b)) for i in range(c))


@pytest.mark.parametrize(("one", "other"), list(pairwise([ONE, OTHER, Counts(0, 0), Counts(10, 9), Counts(5000, 400)])))
def test_chances_are_those_of_the_closed_form(one: Counts, other: Counts) -> None:
    """Of two offers the share of samples that each wins is its probability of having the higher rate of success."""
    wins = Counter(rules.contests(["one", "other"], {"one": one, "other": other}, seed=7))
    found = rules.chances(["one", "other"], wins, floor=0.0)
    assert found["other"] == pytest.approx(better(one, other), abs=0.05)


def test_a_seed_makes_the_same_table_again() -> None:
    """Another one makes another."""
    tables = [Counter(rules.contests(["a", "b", "c"], {"a": ONE, "b": OTHER}, seed)) for seed in (1, 1, 2)]
    assert tables[0] == tables[1] != tables[2]


def test_very_many_offers_compete_less_often() -> None:
    """So that a table never takes much longer than a second."""
    assert sum(1 for _ in rules.contests([f"offer-{n}" for n in range(1000)], {}, 1)) == 400


@given(
    wins=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1000), min_size=1),
    floor=st.floats(0, 0.5),
)
def test_chances_add_up_to_one_and_none_is_below_the_floor(wins: dict[str, int], floor: float) -> None:
    """Where the floor asks for more than there is, all are alike."""
    wins = {**wins, "z": 1}
    found = rules.chances(list(wins), wins, floor)
    assert sum(found.values()) == pytest.approx(1.0)
    assert min(found.values()) >= min(floor, 1 / len(wins)) - 1e-12
    if floor * len(wins) >= 1:
        assert max(found.values()) == pytest.approx(1 / len(wins))


@pytest.mark.parametrize(
    ("slot", "days", "is_due"),
    [
        (replace(SLOT, computed=None), 0, True),
        (SLOT, 0, False),
        (SLOT, 400, False),
        (replace(SLOT, revision=104), 0, False),
        (replace(SLOT, revision=104), 1, True),
        (replace(SLOT, revision=105), 0, True),
        (replace(SLOT, computed=replace(COMPUTED, bundle="sha256:other")), 0, True),
        (replace(SLOT, revision=1, computed=replace(COMPUTED, revision=0)), 0, True),
    ],
)
def test_a_table_is_due_when_its_slot_changed(slot: LearntSlot, days: int, is_due: bool) -> None:
    """By a twentieth at once, by anything after a day, never without a change, and always with other policies."""
    assert rules.due(slot, "sha256:one", NOON + timedelta(days=days)) is is_due
