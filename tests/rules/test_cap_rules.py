"""The rules of caps, over HTTP: exact whoever counts at the same time, and gone with the consent that they rest on."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from uuid import UUID

import pytest

from tests.consenting import DAY, NOON, text
from tests.filing import erase, file
from tests.limiting import Shop, cap, offer, shop
from tests.process import process_beside
from tests.running import Running, customer
from tests.visiting import Decisions

__all__ = ["shop"]

ADA = customer("ada-marker")
FIT = "personalization"
EVERYBODY = UUID(int=0)
SEATS = 50
ASKED = 200
TWICE = cap("twice", 2, only=["first"])
FIRST, SECOND = offer("first", priority=99), offer("second", priority=98)


async def agreed(service: Running, number: int) -> list[dict[str, str]]:
    """So many people who allow personalization."""
    people = [customer(f"customer-{person}") for person in range(number)]
    await asyncio.gather(*(service.give(person, FIT) for person in people))
    return people


def shown(decisions: Decisions) -> list[str]:
    """The offers that fill the placements of a page."""
    return [decision["offer"]["id"] for decision in decisions]


async def asked(service: Running, times: Sequence[datetime], *placements: str) -> list[str]:
    """What Ada is shown on the first placement, one time after the other."""
    return [shown(await service.decide(ADA, *(placements or ("home_hero",)), now=text(at)))[0] for at in times]


@pytest.mark.rule("D5")
async def test_two_hundred_people_at_once_take_fifty_seats(shop: Shop, tmp_path: Path) -> None:
    """Of 200 people who ask two processes at once for an offer that 50 may be shown, 50 are, and all are answered."""
    seats = cap("seats", SEATS, scope="global", only=["first"])
    async with (
        shop(FIRST + SECOND, seats) as service,
        process_beside(service, tmp_path / "policies", tmp_path / "other.log") as other,
    ):
        people = await agreed(service, ASKED)
        asking = [(service, other)[place % 2].decide(person, "home_hero") for place, person in enumerate(people)]
        offers = Counter(shown(decisions)[0] for decisions in await asyncio.gather(*asking))
        assert offers == {"first": SEATS, "second": ASKED - SEATS}
        stored = await service.database.fetchval("SELECT count(*) FROM decisions WHERE offer = 'first'")
        assert (stored, await service.count("decisions")) == (SEATS, ASKED)


@pytest.mark.rule("D5")
async def test_one_person_two_hundred_times_at_once(shop: Shop, tmp_path: Path) -> None:
    """Whoever asks 200 times at once, at two processes, is shown a capped offer exactly as often as the cap says."""
    async with (
        shop(FIRST, cap("often", SEATS, only=["first"])) as service,
        process_beside(service, tmp_path / "policies", tmp_path / "other.log") as other,
    ):
        await service.give(ADA, FIT)
        asking = [(service, other)[place % 2].decide(ADA, "home_hero") for place in range(ASKED)]
        found = [decision for decisions in await asyncio.gather(*asking) for decision in decisions]
        reasons = Counter((decision["offer"]["id"], decision["mode"], decision["reason"]) for decision in found)
        capped = ("welcome", "fallback", "CAPPED")
        assert reasons == {("first", "profiled", "TARGETING_MATCH"): SEATS, capped: ASKED - SEATS}
        assert await service.database.fetchval("SELECT n FROM cap_counters") == SEATS


@pytest.mark.rule("D5")
async def test_caps_that_cross_are_exact_together(shop: Shop) -> None:
    """Pages that count in several caps, whatever the order of their placements, exceed none of them and all end."""
    places = ("home_hero", "product_sidebar", "cart_banner")
    offers = "".join(offer(f"own-{place.partition('_')[0]}", placements=(place,), priority=99) for place in places)
    hero = cap("hero", 15, scope="global", per="placement", only=["home_hero"])
    async with shop(offers, hero + cap("each", 20, scope="global") + cap("once", 1)) as service:
        people = await agreed(service, 60)
        orders = [*permutations(places)] * 20
        pages = zip([*people, *people], orders, strict=True)
        found = await asyncio.gather(*(service.decide(person, *order) for person, order in pages))
        assert all(len(decisions) == len(places) for decisions in found)
        offers_shown = Counter(offer for decisions in found for offer in shown(decisions))
        own = {name: number for name, number in offers_shown.items() if name.startswith("own-")}
        assert own == {"own-home": 15, "own-product": 20, "own-cart": 20}
        kept = await service.database.fetchval("SELECT max(n) FROM cap_counters WHERE cap LIKE 'once:%'")
        assert kept == 1


ROMAN: list[tuple[str, list[str], list[str]]] = [
    ("hour", ["10:00", "10:30", "10:59", "11:00"], ["first", "first", "second", "first"]),
    ("day", ["22:00", "22:30", "22:59", "23:00"], ["first", "first", "second", "first"]),
]
"""A window, when Ada asks by the UTC clock of 1 March (an hour behind Rome), and what she is shown."""


@pytest.mark.rule("D5")
@pytest.mark.parametrize(("window", "clocks", "offers"), ROMAN)
async def test_a_window_ends_by_the_clock_on_the_wall(
    shop: Shop, window: str, clocks: list[str], offers: list[str]
) -> None:
    """A cap counts in each hour or day by the clock of the bundle's time zone, and begins anew with the next one."""
    async with shop(FIRST + SECOND, cap("twice", 2, only=["first"], window=window)) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        times = [datetime.fromisoformat(f"2026-03-01T{clock}:00+00:00") for clock in clocks]
        assert await asked(service, times) == offers


LONGER: list[tuple[str, list[int], list[str]]] = [
    ("week", [0, 0, 0, 1], ["first", "first", "second", "first"]),
    ("month", [0, 20, 30, 31], ["first", "first", "second", "first"]),
]
"""A window, on which days after Sunday 1 March Ada asks, and what she is shown."""


@pytest.mark.rule("D5")
@pytest.mark.parametrize(("window", "days", "offers"), LONGER)
async def test_weeks_begin_on_monday_and_months_on_the_first(
    shop: Shop, window: str, days: list[int], offers: list[str]
) -> None:
    """A cap counts in each week or month of the calendar, and begins anew with the next one."""
    async with shop(FIRST + SECOND, cap("twice", 2, only=["first"], window=window)) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        assert await asked(service, [NOON + day * DAY for day in days]) == offers


@pytest.mark.rule("D5")
async def test_what_caps_count_apart(shop: Shop) -> None:
    """An offer is counted over all placements, a group over all its offers, a placement over all of its."""
    both = ("home_hero", "cart_banner")
    offers = offer("first", placements=both, priority=99) + offer("second", keys='group = "delivery"', priority=98)
    offers += offer("third", keys='group = "delivery"', priority=97)
    caps = cap("offer", 2, only=["first"]) + cap("group", 1, per="group") + cap("place", 4, per="placement")
    async with shop(offers, caps) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        found = [shown(await service.decide(ADA, place, now=text(NOON)))[0] for place in (*both, *both, *both)]
        assert found == ["first", "first", "second", "delivery-costs", "welcome", "delivery-costs"]


@pytest.mark.rule("D5")
async def test_a_placement_is_full_for_all_its_offers(shop: Shop) -> None:
    """A cap on a placement leaves its fallback, which no cap counts."""
    async with shop(FIRST + SECOND, cap("place", 1, per="placement")) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        assert await asked(service, [NOON] * 3) == ["first", "welcome", "welcome"]
        (decision,) = await service.decide(ADA, "home_hero", now=text(NOON))
        assert (decision["mode"], decision["reason"], decision["decision_id"]) == ("fallback", "CAPPED", None)


@pytest.mark.rule("D5")
async def test_a_service_message_is_exempt(shop: Shop) -> None:
    """What is about the contract is shown however often, and counts for nothing."""
    service_offer = offer("first", keys="purposes = []\nservice = true", priority=99)
    async with shop(service_offer + SECOND, cap("once", 1)) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))
        assert await asked(service, [NOON] * 3) == ["first"] * 3
        assert await service.count("cap_counters") == 0


@pytest.mark.rule("C22")
async def test_counters_go_with_the_consent_that_they_rest_on(shop: Shop) -> None:
    """A withdrawal deletes what was counted, and who agrees again is counted from the start; so does an erasure."""
    async with shop(FIRST + SECOND, TWICE) as service:
        await service.give(ADA, FIT)
        now = datetime.now(UTC)
        assert await asked(service, [now] * 3) == ["first", "first", "second"]
        assert await service.database.fetchval("SELECT sum(n) FROM cap_counters") == 2
        await service.withdraw(ADA, [FIT])
        assert await service.count("cap_counters") == 0
        await service.give(ADA, FIT)
        decisions = [await service.decide(ADA, "home_hero") for _ in range(3)]
        assert [shown(page)[0] for page in decisions] == ["first", "first", "second"]
        await erase(service, ADA)
        assert await service.count("cap_counters") == 0


@pytest.mark.rule("C22")
async def test_what_is_held_is_not_counted(shop: Shop) -> None:
    """While an open request keeps a counter from being deleted, it says nothing to who has agreed again."""
    async with shop(FIRST + SECOND, TWICE) as service:
        await service.give(ADA, FIT)
        assert [shown(await service.decide(ADA, "home_hero"))[0] for _ in range(3)] == ["first", "first", "second"]
        await file(service, "access", ADA)
        await service.withdraw(ADA, [FIT])
        assert await service.count("cap_counters") == 1
        await service.give(ADA, FIT)
        assert [shown(await service.decide(ADA, "home_hero"))[0] for _ in range(3)] == ["first", "first", "second"]


@pytest.mark.rule("D5")
async def test_a_cap_for_everybody_counts_those_whom_nobody_knows(shop: Shop) -> None:
    """An offer that needs no consent is shown as often as its cap for everybody says, which tells nothing of anyone."""
    open_to_all = offer("first", keys="purposes = []", priority=99)
    caps = cap("seats", SEATS, scope="global", only=["first"]) + cap("once", 1)
    async with shop(open_to_all, caps) as service:
        asking = [service.decide(None, "home_hero") for _ in range(ASKED)]
        found = [decision for decisions in await asyncio.gather(*asking) for decision in decisions]
        reasons = Counter((decision["offer"]["id"], decision["mode"], decision["reason"]) for decision in found)
        contextual, capped = ("first", "contextual", "TARGETING_MATCH"), ("welcome", "fallback", "CAPPED")
        assert reasons == {contextual: SEATS, capped: ASKED - SEATS}
        counters = await service.database.fetch("SELECT subject_id, cap, n, purposes FROM cap_counters")
        assert [tuple(counter) for counter in counters] == [(EVERYBODY, "seats:first", SEATS, [])]
        assert await service.count("decisions") == 0
