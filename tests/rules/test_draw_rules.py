"""The rules of draws, over HTTP: exact propensities that add up to one, and the same offer when it is made again."""

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from service.decisioning import rules
from service.decisioning.tables import Table
from service.kernel.ids import new_id
from tests.consenting import DAY, HOUR, NOON, text
from tests.limiting import Shop, cap, offer, placement, shop, usual
from tests.replaying import inputs_of
from tests.running import Running, customer
from tests.visiting import PLACEMENTS, walk

__all__ = ["shop"]

ADA = customer("ada-marker")
FIT = "personalization"
PEOPLE = 200
VALUES = {"light": 1, "middle": 3, "heavy": 6}
OFFERS = usual("stage") + "".join(offer(n, placements=("stage",), keys=f"value = {v}") for n, v in VALUES.items())
WEIGHTED = placement("stage", ranking="weighted")
THOMPSON = placement("stage", ranking="thompson", floor=0.05)
CLOSE = 1e-9


async def drawn(service: Running, *, contextual: bool = False, **more: Any) -> list[dict[str, Any]]:
    """What many people are shown, of whom nobody asked before."""
    people = [customer(f"customer-{number}") for number in range(PEOPLE)]
    if not contextual:
        await asyncio.gather(*(service.give(person, FIT, now=text(NOON - DAY)) for person in people))
    asking = [service.decide(person, "stage", now=text(NOON), **more) for person in people]
    return [decision for decisions in await asyncio.gather(*asking) for decision in decisions]


async def made_again(service: Running, decision: dict[str, Any]) -> dict[str, float]:
    """The chances of each offer, after the same offer with the same propensity was chosen once more."""
    inputs, row = await inputs_of(service, decision)
    bundle = service.desks.policy.current
    of = bundle.placements[row["placement"]]
    now = inputs.asked_at or row["decided_at"]
    choice = rules.fill(bundle, of, inputs, now)
    assert (choice.offer.id, choice.reason.value) == (row["offer"], row["reason"]) != (None, None)
    assert decision["offer"]["id"] == row["offer"]
    assert choice.propensity == row["propensity"] == decision["propensity"]
    found = rules.chances(bundle, of, inputs, now)
    assert abs(sum(found.values()) - 1) < CLOSE
    assert abs(found[row["offer"]] - row["propensity"]) < CLOSE
    return found


@pytest.mark.rule("D11")
async def test_weights_are_chances(shop: Shop) -> None:
    """An offer is drawn in proportion to its weight, with that as its propensity, and again from what was sealed."""
    async with shop(OFFERS, "", WEIGHTED) as service:
        decisions = await drawn(service)
        shown = Counter(decision["offer"]["id"] for decision in decisions)
        assert set(shown) == set(VALUES)
        assert shown["light"] < shown["middle"] < shown["heavy"]
        for decision in decisions:
            assert (decision["mode"], decision["reason"]) == ("profiled", "SPLIT")
            chances = await made_again(service, decision)
            assert chances == pytest.approx({"light": 0.1, "middle": 0.3, "heavy": 0.6})


@pytest.mark.rule("D11")
async def test_the_context_and_the_lever_weigh(shop: Shop) -> None:
    """A weight is value times lever times the factors of the context whose rules hold."""
    levered = offer("light", placements=("stage",), keys="value = 2\nlever = 1.5")
    factor = "\n[[offer.heavy.weight]]\nwhen = 'device == \"mobile\"'\nfactor = 3\n"
    offers = usual("stage") + levered + offer("heavy", placements=("stage",)).replace("\n\n[", factor + "\n[", 1)
    async with shop(offers, "", WEIGHTED) as service:
        await service.give(ADA, FIT)
        for device, chances in (("mobile", {"light": 0.5, "heavy": 0.5}), ("tablet", {"light": 0.75, "heavy": 0.25})):
            (decision,) = await service.decide(ADA, "stage", context={"device": device})
            assert await made_again(service, decision) == pytest.approx(chances)


@pytest.mark.rule("D11")
async def test_chances_are_those_of_the_offers_that_are_left(shop: Shop) -> None:
    """What caps and eligibility take out is not drawn, and the rest shares all of it; also for who came too late."""
    staged = offer("staged", placements=("stage",), keys='value = 90\nstages = ["care"]')
    heavy = cap("few", 30, scope="global", only=["heavy"])
    async with shop(OFFERS + staged, heavy, WEIGHTED) as service:
        decisions = await drawn(service)
        shown = Counter(decision["offer"]["id"] for decision in decisions)
        assert (shown["heavy"], shown["staged"], sum(shown.values())) == (30, 0, PEOPLE)
        told = [await made_again(service, decision) for decision in decisions]
        without = {"light": 0.25, "middle": 0.75}
        assert {len(chances) for chances in told} == {2, 3}
        assert all(chances == pytest.approx(without) for chances in told if "heavy" not in chances)


@pytest.mark.rule("D11")
async def test_thompson_draws_by_the_table_in_force(shop: Shop) -> None:
    """Without a table all are alike; with one its chances count, an offer that it lacks has the placement's floor."""
    async with shop(OFFERS, "", THOMPSON) as service:
        await service.give(ADA, FIT)
        (decision,) = await service.decide(ADA, "stage")
        assert await made_again(service, decision) == pytest.approx(dict.fromkeys(VALUES, 1 / 3))
        table = Table(new_id(), {"light": 0.6, "middle": 0.35})
        service.desks.decisions.tables.current = {("stage", ""): table}
        (decision,) = await service.decide(ADA, "stage")
        assert await made_again(service, decision) == pytest.approx({"light": 0.6, "middle": 0.35, "heavy": 0.05})
        inputs, _ = await inputs_of(service, decision)
        assert inputs.draw is not None
        assert inputs.draw.table == table.version


@pytest.mark.rule("D6")
async def test_a_draw_lasts_an_hour(shop: Shop) -> None:
    """The same person is drawn the same within an hour, and over a day not always."""
    async with shop(OFFERS, "", WEIGHTED) as service:
        await service.give(ADA, FIT, now=text(NOON - DAY))

        async def at(now: Any) -> str:
            (decision,) = await service.decide(ADA, "stage", now=text(now))
            return decision["offer"]["id"]

        assert len({await at(NOON), await at(NOON + HOUR / 2), await at(NOON + HOUR * 0.99)}) == 1
        hours = [await at(NOON + hour * HOUR) for hour in range(48)]
        assert any(one != other for one, other in pairwise(hours))


@pytest.mark.rule("D1")
async def test_whom_nobody_knows_is_drawn_as_anybody_is(shop: Shop) -> None:
    """Where consent leaves a draw among offers for everyone, all are shown the same at a time, and nothing is kept."""
    async with shop(OFFERS.replace('purposes = ["personalization"]', "purposes = []"), "", WEIGHTED) as service:
        await walk(service, ADA)
        await service.withdraw(ADA)
        before = await service.contents()
        decisions = await drawn(service, contextual=True) + await service.decide(ADA, "stage", now=text(NOON))
        assert all(decision == decisions[0] for decision in decisions)
        assert (decisions[0]["mode"], decisions[0]["reason"]) == ("contextual", "SPLIT")
        assert decisions[0]["propensity"] == VALUES[decisions[0]["offer"]["id"]] / 10
        assert await service.contents() == before


@pytest.mark.rule("D6")
@pytest.mark.rule("D11")
async def test_a_page_is_made_again_from_what_was_sealed(service: Running) -> None:
    """Each decision of the shop, on the facts, permissions and exclusions sealed with it, is the same once more."""
    context = {"page_category": "headphones", "device": "desktop", "delivery_by": "2026-03-02"}
    await walk(service, ADA, events=["search", "view_product", "view_product", "view_product"], at=NOON)
    for order in (PLACEMENTS, PLACEMENTS[::-1]):
        decisions = await service.decide(ADA, *order, now=text(NOON), context=context)
        profiled = [decision for decision in decisions if decision["mode"] == "profiled"]
        assert len(profiled) > 1
        for decision in profiled:
            await made_again(service, decision)
