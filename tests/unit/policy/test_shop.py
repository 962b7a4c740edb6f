"""The bundle that ships does what its comments say."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from service.decisioning.rules import unsuited
from service.journey.model import Contacts, Position
from service.journey.rules import position
from service.policy.expression import Facts, Value
from service.policy.load import load
from service.policy.model import LegalBasis, Offer
from tests.unit.policy.folder import SHIPPED

SHOP = load(SHIPPED)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOYAL: dict[str, Value] = {
    "stage": "care",
    "lifetime_orders": 3.0,
    "days_since_last_order": 100.0,
    "product_views": 5.0,
    "support_contacts": 0.0,
    "device": "mobile",
    "page_category": "records",
    "cart_value": 4000,
    "delivery_by": date(2026, 3, 2),
    "today": NOW.date(),
}
MORE: dict[str, dict[str, Value]] = {
    "easy-returns": {"lifetime_orders": 0.0},
    "compare-models": {"page_category": "headphones"},
    "follow-order": {"days_since_last_order": 3.0},
    "last-deliveries": {"delivery_by": date(2026, 12, 23)},
}
"""What else must be so for an offer that is not for the loyal."""


def eligible(offer: Offer, stage: str | None, facts: Facts) -> bool:
    """Whether an offer suits somebody at a stage, whatever the time."""
    return unsuited(offer, (), stage, facts) is None


def after(*events: tuple[str, str, float]) -> Position:
    """Where somebody is after events, each on a channel and so many days ago."""
    contacts = [
        Contacts(event=event, channel=channel, count=1, last=at, recent=[at])
        for event, channel, days in events
        for at in [NOW - timedelta(days=days)]
    ]
    return position(SHOP.journeys[SHOP.default_journey], contacts, NOW)


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        ([("ad_impression", "social", 1)], "see"),
        ([("ad_impression", "social", 2), ("search", "web", 1)], "think"),
        ([("view_product", "web", 2), ("add_to_cart", "web", 1)], "do"),
        ([("view_product", "web", 3), ("try_on", "shop", 1)], "do"),
        ([("purchase", "web", 1)], "do"),
        ([("purchase", "web", 3), ("delivery", "web", 1)], "care"),
        ([("purchase", "shop", 1)], "care"),
        ([("view_product", "web", 2), ("purchase", "shop", 1)], "care"),
        ([("purchase", "shop", 40), ("view_product", "web", 1)], "think"),
        ([("purchase", "shop", 5), ("view_product", "web", 1)], "care"),
        ([("purchase", "web", 30), ("add_to_cart", "web", 20), ("search", "web", 1)], "think"),
        ([("purchase", "web", 181)], None),
        ([("relationship_ended", "crm", 1)], None),
    ],
)
def test_people_move_through_the_stages_and_back(events: Sequence[tuple[str, str, float]], stage: str | None) -> None:
    """A purchase is the do or the care of who made it, until newer contacts outweigh it or it expires."""
    assert after(*events).stage == stage


def test_one_glance_moves_nobody() -> None:
    """A person stays where they are until another stage leads clearly."""
    assert after(("search", "web", 2), ("ad_impression", "social", 1), ("social_view", "social", 1)).stage == "think"


@pytest.mark.parametrize("journey", sorted(SHOP.journeys))
def test_every_stage_of_every_journey_can_be_reached(journey: str) -> None:
    """No stage is there for show."""
    stages = {stage.id for stage in SHOP.journeys[journey].stages}
    assert {rule.stage for rule in SHOP.journeys[journey].rules} == stages


@pytest.mark.parametrize("placement", sorted(SHOP.placements))
def test_nobody_sees_an_empty_placement(placement: str) -> None:
    """The fallback may be shown to anyone, whatever is known or not."""
    fallback = SHOP.offers[SHOP.placements[placement].fallback]
    assert not fallback.purposes
    assert eligible(fallback, None, {})


@pytest.mark.parametrize("placement", sorted(SHOP.placements))
def test_each_placement_has_something_to_choose_from(placement: str) -> None:
    """A fallback alone would be no decision."""
    assert len([offer for offer in SHOP.offers.values() if placement in offer.placements]) >= 2


@pytest.mark.parametrize("stage", ["see", "think", "do", "care"])
def test_every_stage_has_an_offer_of_its_own(stage: str) -> None:
    """Whoever agreed to personalisation sees something for where they are, and nobody else does."""
    staged = [offer for offer in SHOP.offers.values() if "home_hero" in offer.placements and stage in offer.stages]
    assert any(eligible(offer, stage, {"stage": stage, "lifetime_orders": 0.0}) for offer in staged)
    assert not any(eligible(offer, None, {}) for offer in staged)


def test_who_refuses_still_gets_what_fits_the_page() -> None:
    """Two offers and more look at the request alone."""
    contextual = [offer for offer in SHOP.offers.values() if offer.rule and not offer.purposes]
    assert len(contextual) >= 2
    assert eligible(SHOP.offers["shop-by-phone"], None, {"device": "mobile"})
    assert not eligible(SHOP.offers["shop-by-phone"], None, {"device": "desktop"})


@pytest.mark.parametrize("offer", sorted(SHOP.offers))
def test_every_offer_can_be_shown(offer: str) -> None:
    """To somebody, somewhere: no rule is impossible to meet."""
    shown = SHOP.offers[offer]
    facts = LOYAL | MORE.get(offer, {})
    assert eligible(shown, shown.stages[0] if shown.stages else None, facts)


@pytest.mark.parametrize("offer", sorted(SHOP.offers))
def test_every_offer_speaks_every_language(offer: str) -> None:
    """Italian and English, with the same parts."""
    content = SHOP.offers[offer].content
    assert content.keys() == {"it", "en"}
    assert content["it"].keys() == content["en"].keys() >= {"headline", "text", "button", "link"}


def test_what_is_read_is_what_is_asked_for() -> None:
    """No offer declares fewer purposes than it reads, and each tells what it reads."""
    for offer in SHOP.offers.values():
        assert offer.required <= offer.purposes
        assert bool(offer.reads) is bool(offer.rule or offer.stages or offer.context)
    assert SHOP.offers["newsletter-picks"].purposes == {"personalization", "marketing_email"}


def test_consent_is_asked_for_everything_but_the_contract() -> None:
    """Each purpose is in the notice; nothing that needs consent is required or starts as given."""
    asked = SHOP.current_notice("shop", "it").purposes
    assert set(asked) == set(SHOP.purposes)
    for purpose in SHOP.purposes.values():
        by_contract = purpose.id == "service"
        assert (purpose.legal_basis is LegalBasis.CONTRACT) is by_contract
        assert purpose.required is by_contract


def test_no_touchpoint_is_kept_without_consent() -> None:
    """The purpose on another basis keeps none, so that a refusal leaves nothing behind."""
    keeping = [purpose for purpose in SHOP.purposes.values() if purpose.keeps("touchpoints")]
    assert {purpose.legal_basis for purpose in keeping} == {LegalBasis.CONSENT}


def test_values_of_fields_are_declared_or_derived() -> None:
    """A stage is one of the default journey; coarse values are listed."""
    assert SHOP.fields["stage"].values == ("see", "think", "do", "care")
    assert SHOP.fields["device"].value_of("mobile") == "mobile"
    assert SHOP.fields["device"].value_of("watch") is None
