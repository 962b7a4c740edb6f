"""Which offer fills a placement, over HTTP: by stage, by what people did, by what the page says, in which language."""

from datetime import timedelta
from typing import Any

from tests.consenting import DAY, NOON, text
from tests.running import Running, contact, customer
from tests.visiting import walk

NOW = text(NOON)
ADA = customer("ada-marker")

Walk = list[tuple[str, str, timedelta]]
PURCHASE, IN_SHOP = ("purchase", "web", -DAY), ("purchase", "shop", -DAY)


WALKED: list[tuple[str, Walk, str | None, str]] = [
    ("home_hero", [("ad_impression", "ads", -DAY)], "see", "brand-story"),
    ("home_hero", [("search", "web", -DAY)], "think", "guide-headphones"),
    ("home_hero", [("add_to_cart", "web", -DAY)], "do", "try-in-shop"),
    ("home_hero", [("try_on", "shop", -DAY)], "do", "try-in-shop"),
    ("home_hero", [("delivery", "web", -DAY)], "care", "care-tips"),
    ("home_hero", [PURCHASE] * 3, "do", "follow-order"),
    ("home_hero", [("purchase", "web", -15 * DAY)] * 2, "do", "try-in-shop"),
    ("home_hero", [("purchase", "web", -15 * DAY)] * 3, "do", "listening-club"),
    ("home_hero", [("purchase", "web", -181 * DAY)] * 3, None, "welcome-back"),
    ("cart_banner", [("add_to_cart", "web", -DAY)], "do", "easy-returns"),
    ("cart_banner", [PURCHASE], None, "delivery-costs"),
    ("cart_banner", [("purchase", "web", -90 * DAY)], None, "delivery-costs"),
    ("cart_banner", [("purchase", "web", -91 * DAY)], "do", "welcome-back"),
    ("cart_banner", [("purchase", "web", -365 * DAY)], None, "welcome-back"),
    ("cart_banner", [("purchase", "web", -366 * DAY)], None, "delivery-costs"),
    ("account_banner", [IN_SHOP] * 2, "care", "bring-a-friend"),
    ("account_banner", [IN_SHOP, IN_SHOP, ("support_contact", "support", -14 * DAY)], "care", "care-tips"),
    ("account_banner", [IN_SHOP, IN_SHOP, ("support_contact", "support", -15 * DAY)], "care", "bring-a-friend"),
    ("account_banner", [IN_SHOP] * 3, "care", "listening-club"),
    ("newsletter_slot", [PURCHASE], None, "newsletter-picks"),
    ("newsletter_slot", [("search", "web", -DAY)], None, "news-of-the-month"),
]
"""A placement, what somebody did, the stage that is told, and the offer that suits."""


async def test_an_offer_suits_what_somebody_did(service: Running) -> None:
    """The stage comes from the contacts, the rule looks at them, and the highest priority wins."""
    placements = service.desks.policy.current.placements
    for place, (placement, walked, stage, offer) in enumerate(WALKED):
        person = customer(f"walker-{place}")
        await walk(service, person, events=[], at=NOON)
        contacts = [contact(person, event, text(NOON + when), channel=channel) for event, channel, when in walked]
        await service.touch_all(contacts, now=NOW)
        (decision,) = await service.decide(person, placement, now=NOW)
        mode = "fallback" if offer == placements[placement].fallback else "profiled"
        assert (decision["offer"]["id"], decision["mode"], decision["stage"]) == (offer, mode, stage), walked


PAGES: list[tuple[str, dict[str, Any], str]] = [
    ("home_hero", {}, "welcome"),
    ("home_hero", {"device": "desktop"}, "welcome"),
    ("home_hero", {"device": "mobile"}, "shop-by-phone"),
    ("home_hero", {"device": "mobile", "page_category": "records"}, "turntable-setup"),
    ("product_sidebar", {"page_category": "headphones"}, "bestsellers"),
    ("cart_banner", {"cart_value": 2999}, "delivery-costs"),
    ("cart_banner", {"cart_value": 3000}, "free-delivery-gap"),
    ("cart_banner", {"cart_value": 4999.5}, "free-delivery-gap"),
    ("cart_banner", {"cart_value": 5000}, "delivery-costs"),
    ("cart_banner", {"delivery_by": "2026-02-28"}, "delivery-costs"),
    ("cart_banner", {"delivery_by": "2026-03-01"}, "collect-today"),
    ("cart_banner", {"delivery_by": "2026-03-03", "cart_value": 4000}, "collect-today"),
    ("cart_banner", {"delivery_by": "2026-03-04"}, "delivery-costs"),
    ("account_banner", {"device": "mobile"}, "account-help"),
]
"""A placement, what the page says on 1 March 2026, and the offer that suits."""


async def test_an_offer_suits_the_page(service: Running) -> None:
    """What the request says of the page, and the day on which it is asked, are enough for some offers."""
    placements = service.desks.policy.current.placements
    for placement, context, offer in PAGES:
        (decision,) = await service.decide(None, placement, context=context, now=NOW)
        mode = "fallback" if offer == placements[placement].fallback else "contextual"
        assert (decision["offer"]["id"], decision["mode"]) == (offer, mode), context


async def test_people_are_met_where_they_stand_now(service: Running) -> None:
    """A stage that faded is not offered to any more, and one that somebody moved back to is."""
    await walk(service, ADA, events=["delivery"], at=NOON)
    (first,) = await service.decide(ADA, "home_hero", now=NOW)
    later = NOON + 60 * DAY
    await service.touch(ADA, "search", text(later), now=text(later))
    (second,) = await service.decide(ADA, "home_hero", now=text(later))
    (third,) = await service.decide(ADA, "home_hero", now=text(later + 180 * DAY))
    assert [(d["stage"], d["offer"]["id"]) for d in (first, second, third)] == [
        ("care", "care-tips"),
        ("think", "guide-headphones"),
        (None, "welcome"),
    ]


async def test_what_happens_later_is_not_known_yet(service: Running) -> None:
    """Asked for an earlier time, a decision knows no contact from after it."""
    await walk(service, ADA, events=[], at=NOON)
    await service.touch(ADA, "purchase", text(NOON + DAY), now=text(NOON + DAY))
    (before,) = await service.decide(ADA, "newsletter_slot", now=NOW)
    (after,) = await service.decide(ADA, "newsletter_slot", now=text(NOON + DAY))
    assert [before["offer"]["id"], after["offer"]["id"]] == ["news-of-the-month", "newsletter-picks"]


async def test_content_comes_in_a_language_that_the_site_has(service: Running) -> None:
    """The language that was asked for, else the first of the site; there is always something to read."""
    content = service.desks.policy.current.offers["welcome"].content
    for language, shown in {"it": "it", "en": "en", "de": "it", "EN": "it", None: "it", "x" * 200: "it"}.items():
        (decision,) = await service.decide(None, "home_hero", language=language)
        assert decision["offer"]["content"] == content[shown], language


async def test_a_personalised_price_says_so(service: Running) -> None:
    """The offer whose price was set for this person comes with the sentence that says it."""
    await walk(service, ADA, events=["purchase"], at=NOON)
    (decision,) = await service.decide(ADA, "cart_banner", now=text(NOON + 100 * DAY), language="en")
    assert decision["offer"]["id"] == "welcome-back"
    assert "automated process" in decision["offer"]["content"]["disclosure"]
