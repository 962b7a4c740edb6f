"""What fills placements, whatever is allowed and known: only what consent covers, never nothing, nothing twice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.decisioning.model import Choice, Draw, Input, Inputs, Mode, Reason, Remembered
from service.decisioning.rules import chances, fill, fill_page, personal, verdicts
from service.decisioning.slots import slot
from service.journey.model import Facts
from service.policy.model import Bundle, Offer
from tests.unit.decisioning.offering import NOON, bundle, choose, offer

PURPOSES = {"stage": "personalization", "orders": "personalization", "visits": "analytics"}
RULES = ["orders >= 2", "visits >= 1", "orders >= 1 and visits >= 1", 'device == "mobile"', 'device != "mobile"', None]


@st.composite
def offers(draw: st.DrawFn, name: str) -> Offer:
    """An offer that declares at least the purposes of what it reads, as the loader would have it."""
    rule = draw(st.sampled_from(RULES))
    stages = draw(st.sets(st.sampled_from(["see", "do"])))
    read = {purpose for field, purpose in PURPOSES.items() if field in (rule or "")}
    more = draw(st.sets(st.sampled_from(["analytics", "marketing_email"]), max_size=1))
    return offer(
        name,
        *read | more | ({"personalization"} if stages else set()),
        rule=rule,
        stages=sorted(stages),
        priority=draw(st.integers(0, 2)),
        placements=draw(st.sampled_from([("hero",), ("side",), ("hero", "side")])),
    )


bundles = (
    st.integers(0, 5)
    .flatmap(lambda n: st.tuples(*(offers(f"offer-{i}") for i in range(n))))
    .map(lambda found: bundle(*found))
)
allowances = st.frozensets(st.sampled_from(["personalization", "analytics", "marketing_email", "service"]))
numbers = st.integers(0, 3).map(float)
known = st.fixed_dictionaries(
    {},
    optional={
        "device": st.sampled_from(["mobile", "desktop"]),
        "stage": st.sampled_from(["see", "do", "care"]),
        "orders": numbers,
        "visits": numbers,
    },
)
pages = st.sampled_from([("hero",), ("side",), ("hero", "side"), ("side", "hero")])


def chosen(of: Bundle, allowed: frozenset[str], facts: Facts, page: tuple[str, ...]) -> list[Choice]:
    """What fills the placements of a page."""
    return choose(of, [slot(of, of.placements[name], allowed) for name in page], facts)


@given(bundles, allowances, known, pages)
def test_nothing_is_used_that_consent_does_not_cover(
    of: Bundle, allowed: frozenset[str], facts: Facts, page: tuple[str, ...]
) -> None:
    """Every offer shown, every field looked at and every purpose named is one that is allowed."""
    for choice in chosen(of, allowed, facts, page):
        assert choice.offer.purposes <= allowed
        assert choice.slot.purposes <= allowed
        assert {field.purpose for field in personal([choice.slot])} <= choice.slot.purposes
        assert (choice.mode is Mode.PROFILED) <= bool(choice.slot.purposes)


@given(bundles, allowances, known, known, pages)
def test_what_may_not_be_known_changes_nothing(
    of: Bundle, allowed: frozenset[str], facts: Facts, others: Facts, page: tuple[str, ...]
) -> None:
    """Two people who differ only in what consent does not cover are shown the same."""
    slots = [slot(of, of.placements[name], allowed) for name in page]
    covered = {field.id for field in personal(slots)} | {"device"}
    same = {name: value for name, value in facts.items() if name in covered}
    other = {name: value for name, value in others.items() if name not in covered}
    assert choose(of, slots, same | other) == choose(of, slots, same)


@given(bundles, allowances, known, pages)
def test_a_page_is_always_full_and_shows_nothing_twice(
    of: Bundle, allowed: frozenset[str], facts: Facts, page: tuple[str, ...]
) -> None:
    """Each placement is filled, by something that is for it, and no offer stands in two."""
    choices = chosen(of, allowed, facts, page)
    assert tuple(choice.slot.placement.id for choice in choices) == page
    assert all(choice.slot.placement.id in choice.offer.placements for choice in choices)
    assert len({choice.offer.id for choice in choices}) == len(page)
    for choice in choices:
        fallback = choice.offer.id == choice.slot.placement.fallback
        assert fallback == (choice.mode is Mode.FALLBACK) == (choice.reason is not Reason.TARGETING_MATCH)


@given(bundles, allowances, allowances, known)
def test_a_refusal_only_narrows(of: Bundle, allowed: frozenset[str], refused: frozenset[str], facts: Facts) -> None:
    """Taking a purpose away never brings an offer in, and never moves a decision up the ladder."""
    ladder = [Mode.PROFILED, Mode.CONTEXTUAL, Mode.FALLBACK]
    for page in (("hero",), ("side",)):
        (before,) = chosen(of, allowed, facts, page)
        (after,) = chosen(of, allowed - refused, facts, page)
        assert {each.id for each in after.slot.offers} <= {each.id for each in before.slot.offers}
        assert ladder.index(after.mode) >= ladder.index(before.mode)


@given(bundles, allowances, known, pages, st.floats(0, 1, exclude_max=True), st.sampled_from(["priority", "weighted"]))
def test_what_was_sealed_makes_it_again(
    of: Bundle, allowed: frozenset[str], facts: Facts, page: tuple[str, ...], u: float, ranking: Any
) -> None:
    """From facts, permissions, exclusions and draw the same choice follows, and the chances of all add up to one."""
    of = replace(of, placements={name: replace(p, ranking=ranking) for name, p in of.placements.items()})
    slots = [slot(of, of.placements[name], allowed) for name in page]
    remembered = Remembered(dismissed=frozenset({"offer-1"}))
    for one in fill_page(of, slots, facts, remembered, lambda _: Draw(u, None, {}), NOON):
        choice, placement = one.choice, one.choice.slot.placement
        read = {name: facts[name] for name in choice.slot.reads & facts.keys()}
        inputs = Inputs(
            facts={name: Input(value, of.fields[name].purpose) for name, value in read.items()},  # pyright: ignore[reportArgumentType] - there are no dates
            allowed=tuple(allowed),
            excluded=one.excluded,
            draw=Draw(u, None, choice.weights) if choice.weights else None,
        )
        again = fill(of, placement, inputs, NOON)
        assert (again.offer, again.reason, again.propensity) == (choice.offer, choice.reason, choice.propensity)
        probable = chances(of, placement, inputs, NOON)
        assert sum(probable.values()) == pytest.approx(1)
        assert probable[choice.offer.id] == choice.propensity
        told = verdicts(of, placement, inputs, NOON)
        assert [verdict.offer for verdict in told if verdict.verdict == "shown"] == [choice.offer.id]


@given(bundles, allowances, known, pages)
def test_the_order_of_the_bundle_does_not_matter(
    of: Bundle, allowed: frozenset[str], facts: Facts, page: tuple[str, ...]
) -> None:
    """The same offers, listed the other way round, fill the same placements."""
    turned = bundle(*reversed([each for each in of.offers.values() if each.id.startswith("offer-")]))
    shown, again = ([choice.offer.id for choice in chosen(b, allowed, facts, page)] for b in (of, turned))
    assert shown == again
