"""The rules of the steps between consent and ranking, over HTTP: holdout, calendars, dismissal, groups, prices."""

import asyncio
from datetime import timedelta

import pytest

from tests.consenting import DAY, HOUR, NOON, text
from tests.limiting import Shop, offer, placement, shop, usual
from tests.replaying import inputs_of
from tests.reporting import report
from tests.running import Running, customer
from tests.visiting import walk

__all__ = ["shop"]

ADA = customer("ada-marker")
FIT = "personalization"
FIRST, SECOND = offer("first", priority=99), offer("second", priority=98)
PEOPLE = 60


async def shown(service: Running, *placements: str, at: timedelta = timedelta(), **more: object) -> list[str]:
    """What Ada is shown so long after noon."""
    return [d["offer"]["id"] for d in await service.decide(ADA, *placements, now=text(NOON + at), **more)]


async def test_the_held_out_see_fallbacks(shop: Shop) -> None:
    """About the share that the bundle says is held out, says so, is stored, and is the same people for ever."""
    async with shop(FIRST, holdout=0.4) as service:
        people = [customer(f"customer-{number}") for number in range(PEOPLE)]
        await asyncio.gather(*(service.give(person, FIT, now=text(NOON - DAY)) for person in people))

        async def held(days: int, *placements: str) -> set[int]:
            now = text(NOON + days * DAY)
            found = await asyncio.gather(*(service.decide(person, *placements, now=now) for person in people))
            reasons = [[decision["reason"] for decision in decisions] for decisions in found]
            assert all(len({reason == "HOLDOUT" for reason in of_page}) == 1 for of_page in reasons)
            return {place for place, of_page in enumerate(reasons) if of_page[0] == "HOLDOUT"}

        out = await held(0, "home_hero")
        assert 0 < len(out) < PEOPLE
        assert await held(100, "home_hero", "cart_banner") == out
        (decision,) = await service.decide(people[min(out)], "home_hero", now=text(NOON))
        assert (decision["mode"], decision["offer"]["id"], decision["propensity"]) == ("profiled", "welcome", 1.0)
        assert decision["decision_id"] is not None
        assert decision["proof"]
        assert decision["token"] is not None
        inputs, row = await inputs_of(service, decision)
        assert (inputs.held_out, inputs.facts, row["reason"], row["offer"]) == (True, {}, "HOLDOUT", "welcome")


async def test_one_placement_may_hold_out_alone(shop: Shop) -> None:
    """A placement's own share holds out there and nowhere else; a service message is shown to everybody."""
    offers = usual("stage") + offer("third", placements=("stage",)) + FIRST
    async with shop(offers, "", placement("stage", holdout=0.5)) as service:
        people = [customer(f"customer-{number}") for number in range(PEOPLE)]
        await asyncio.gather(*(service.give(person, FIT) for person in people))
        found = await asyncio.gather(*(service.decide(person, "stage", "home_hero") for person in people))
        assert {decisions[0]["reason"] for decisions in found} == {"HOLDOUT", "TARGETING_MATCH"}
        assert {decisions[1]["reason"] for decisions in found} == {"TARGETING_MATCH"}


async def test_a_service_message_reaches_the_held_out(shop: Shop) -> None:
    """What is about the contract is shown to who is held out too."""
    message = offer("message", keys="purposes = []\nservice = true", priority=1)
    async with shop(FIRST + message, holdout=0.5) as service:
        people = [customer(f"customer-{number}") for number in range(PEOPLE)]
        await asyncio.gather(*(service.give(person, FIT) for person in people))
        found = await asyncio.gather(*(service.decide(person, "home_hero") for person in people))
        assert {decisions[0]["offer"]["id"] for decisions in found} == {"first", "message"}


@pytest.mark.rule("D1")
async def test_nobody_is_held_out_whom_nobody_knows(shop: Shop) -> None:
    """Without consent there is no holdout: it would be a mark on a person."""
    async with shop(offer("first", keys="purposes = []", priority=99), holdout=0.5) as service:
        asking = (service.decide(customer(f"customer-{number}"), "home_hero") for number in range(PEOPLE))
        assert {decisions[0]["reason"] for decisions in await asyncio.gather(*asking)} == {"TARGETING_MATCH"}


CALENDAR = """
[calendar.siesta]
title = { it = "Siesta", en = "Siesta" }
time-zone = "Europe/Madrid"
days = ["sunday", "monday"]
hours = ["14:00-16:00"]
"""


async def test_an_offer_keeps_its_hours(shop: Shop) -> None:
    """Outside of its calendar an offer is not there, and a placement is its fallback."""
    offers = offer("first", keys='calendar = "siesta"', priority=99) + SECOND + usual("stage")
    offers += offer("third", placements=("stage",))
    async with shop(offers, CALENDAR, placement("stage", calendar="siesta")) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        closed, opened = ["second", "stage-usual"], ["first", "third"]
        expected = {0.9: closed, 1: opened, 2.9: opened, 3: closed, 25: opened, 49: closed}
        for hours, offers_shown in expected.items():
            assert await shown(service, "home_hero", "stage", at=hours * HOUR) == offers_shown, hours


async def test_a_dismissed_offer_is_silent_and_so_is_its_group(shop: Shop) -> None:
    """What somebody dismissed is not shown for as long as the bundle says, nor what says the same; then it is again."""
    group = 'group = "delivery"'
    offers = offer("first", keys=group, priority=99) + offer("same", keys=group, priority=98)
    message = offer("message", keys=f"{group}\npurposes = []\nservice = true", placements=("cart_banner",), priority=99)
    async with shop(offers + message + offer("other", priority=97)) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        assert await shown(service, "home_hero") == ["first"]
        (decision,) = await service.decide(ADA, "home_hero", now=text(NOON))
        at = text(NOON + HOUR)
        assert await report(service, decision["token"], "dismissal", at=at, now=at) == ["stored"]
        assert await shown(service, "home_hero", at=HOUR) == ["other"]
        assert await shown(service, "cart_banner", at=HOUR) == ["message"]
        assert await shown(service, "home_hero", at=30 * DAY) == ["other"]
        assert await shown(service, "home_hero", at=30 * DAY + 2 * HOUR) == ["first"]
        await service.withdraw(ADA, [FIT], now=text(NOON + 2 * HOUR))
        await service.give(ADA, FIT, now=text(NOON + 3 * HOUR))
        assert await shown(service, "home_hero", at=4 * HOUR) == ["first"]


async def test_a_page_says_a_thing_once(shop: Shop) -> None:
    """Of a group one offer stands on a page, on whichever placement comes first."""
    group = 'group = "delivery"'
    offers = offer("first", keys=group, priority=99)
    offers += offer("same", placements=("cart_banner",), keys=group, priority=98)
    offers += offer("other", placements=("cart_banner",), priority=97)
    async with shop(offers) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        assert await shown(service, "home_hero", "cart_banner") == ["first", "other"]
        assert await shown(service, "cart_banner", "home_hero") == ["same", "welcome"]
        assert await shown(service, "home_hero") == ["first"]


@pytest.mark.rule("D15")
async def test_a_personalised_price_is_told(service: Running) -> None:
    """An offer with a price of one's own says so, in words to show and by a mark; no other does."""
    await walk(service, ADA, events=["purchase"], at=NOON)
    for language, words in (("it", "processo automatizzato"), ("en", "automated process")):
        (decision,) = await service.decide(ADA, "cart_banner", now=text(NOON + 100 * DAY), language=language)
        assert decision["offer"]["id"] == "welcome-back"
        assert decision["offer"]["personalised_price"] is True
        assert words in decision["offer"]["content"]["disclosure"]
    (other,) = await service.decide(ADA, "home_hero", now=text(NOON))
    assert "personalised_price" not in other["offer"]
    assert "disclosure" not in other["offer"]["content"]
