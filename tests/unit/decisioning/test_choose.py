"""What fills a placement: what consent leaves, what suits, what ranks first, and what is there when nothing does."""

import pytest

from service.decisioning.model import Choice, Mode, Reason
from service.decisioning.rules import in_language, personal
from service.decisioning.slots import slot
from service.journey.model import Facts
from service.policy.model import Offer
from tests.unit.decisioning.offering import bundle, choose, offer

FIT = ("personalization",)
FITTING = offer("fitting", *FIT, rule="orders >= 1", priority=10)
STAGED = offer("staged", *FIT, stages=["do"], priority=20)
COUNTED = offer("counted", "analytics", "personalization", rule="visits >= 1 and orders >= 1", priority=30)
OPEN = offer("open", rule='device == "mobile"', priority=5)


def chosen(
    *offers: Offer, allowed: tuple[str, ...] = FIT, facts: Facts | None = None, placements: tuple[str, ...] = ("hero",)
) -> list[Choice]:
    """What these offers lead to."""
    of = bundle(*offers)
    return choose(of, [slot(of, of.placements[name], frozenset(allowed)) for name in placements], facts or {})


@pytest.mark.parametrize(
    ("allowed", "left", "reads"),
    [
        ((), {"open"}, {"device"}),
        (("marketing_email", "service"), {"open"}, {"device"}),
        (("analytics",), {"open"}, {"device"}),
        (FIT, {"open", "fitting", "staged"}, {"device", "orders", "stage"}),
        (("analytics", *FIT), {"open", "fitting", "staged", "counted"}, {"device", "orders", "stage", "visits"}),
    ],
)
def test_consent_leaves_what_it_covers_whole(allowed: tuple[str, ...], left: set[str], reads: set[str]) -> None:
    """An offer is left when every purpose of it is allowed, and only what those offers read is looked at."""
    of = bundle(FITTING, STAGED, COUNTED, OPEN)
    found = slot(of, of.placements["hero"], frozenset(allowed))
    assert {each.id for each in found.offers} == left
    assert found.reads == reads
    assert found.purposes == {purpose for each in found.offers for purpose in each.purposes}
    assert found.withheld == (len(left) < 4)
    read = personal([found])
    assert {field.id for field in read} == reads - {"device"}
    assert {field.purpose for field in read} <= set(allowed)


def test_a_slot_holds_the_offers_of_its_placement_without_its_fallback() -> None:
    """The fallback competes with nobody."""
    of = bundle(FITTING, offer("elsewhere", placements=["side"]))
    assert [each.id for each in slot(of, of.placements["hero"], frozenset(FIT)).offers] == ["fitting"]


@pytest.mark.parametrize(
    ("facts", "offer_id", "mode", "reason"),
    [
        ({"orders": 1.0, "stage": "do"}, "staged", Mode.PROFILED, Reason.TARGETING_MATCH),
        ({"orders": 1.0, "stage": "see"}, "fitting", Mode.PROFILED, Reason.TARGETING_MATCH),
        ({"orders": 0.0, "device": "mobile"}, "open", Mode.PROFILED, Reason.TARGETING_MATCH),
        ({"orders": 0.0}, "welcome", Mode.FALLBACK, Reason.FALLBACK),
        ({}, "welcome", Mode.FALLBACK, Reason.FALLBACK),
    ],
)
def test_with_consent_what_suits_best_wins(facts: Facts, offer_id: str, mode: Mode, reason: Reason) -> None:
    """Stage and rule narrow, priority ranks; whoever was looked at was profiled, whichever offer wins."""
    (choice,) = chosen(FITTING, STAGED, OPEN, facts=facts)
    assert (choice.offer.id, choice.mode, choice.reason) == (offer_id, mode, reason)


@pytest.mark.parametrize(
    ("facts", "offer_id", "mode", "reason"),
    [
        ({"device": "mobile"}, "open", Mode.CONTEXTUAL, Reason.TARGETING_MATCH),
        ({"device": "desktop"}, "welcome", Mode.FALLBACK, Reason.CONSENT),
        ({"device": "desktop", "orders": 9.0, "stage": "do"}, "welcome", Mode.FALLBACK, Reason.CONSENT),
    ],
)
def test_without_consent_the_page_alone_counts(facts: Facts, offer_id: str, mode: Mode, reason: Reason) -> None:
    """Whatever is known of somebody, without consent only what looks at the request itself can win."""
    (choice,) = chosen(FITTING, STAGED, OPEN, allowed=(), facts=facts)
    assert (choice.offer.id, choice.mode, choice.reason) == (offer_id, mode, reason)


def test_nothing_was_withheld_where_nothing_needs_consent() -> None:
    """A fallback for want of an offer is not blamed on consent."""
    (choice,) = chosen(OPEN, allowed=())
    assert choice.reason is Reason.FALLBACK


def test_between_equals_the_name_decides() -> None:
    """Equal priorities: the same one every time, in whatever order the bundle lists them."""
    pair = [offer("beta", *FIT), offer("alpha", *FIT)]
    assert chosen(*pair)[0].offer.id == chosen(*pair[::-1])[0].offer.id == "alpha"


def test_an_offer_with_no_rule_and_no_stage_suits_everybody_it_may_see() -> None:
    """Consent is all that it asks for."""
    assert chosen(offer("any", *FIT))[0].offer.id == "any"
    assert chosen(offer("any", *FIT), allowed=())[0].offer.id == "welcome"


def test_no_offer_stands_twice_on_a_page() -> None:
    """The second placement gets the next best, and at last its own fallback."""
    both = ("hero", "side")
    first, second = (offer(name, *FIT, placements=both, priority=p) for name, p in (("first", 2), ("second", 1)))
    assert [c.offer.id for c in chosen(first, second, placements=both)] == ["first", "second"]
    assert [c.offer.id for c in chosen(first, second, placements=both[::-1])] == ["first", "second"]
    assert [c.offer.id for c in chosen(first, placements=both)] == ["first", "bestsellers"]


def test_content_comes_in_the_wanted_language_or_the_site_s() -> None:
    """The wanted language, else the first of the site's that the offer has, else whatever it has."""
    many = offer("many", languages=["de", "it", "en"])
    assert in_language(many, "en", ["it", "en"])["headline"] == "many in en"
    assert in_language(many, "fr", ["it", "en"])["headline"] == "many in it"
    assert in_language(many, None, ["en", "it"])["headline"] == "many in en"
    assert in_language(offer("only", languages=["de"]), "fr", ["it"])["headline"] == "only in de"
