"""The rule of replays: a decision made again from what was sealed with it is the decision that was made."""

import pytest

from service.decisioning.evaluation.commands import Replay
from service.decisioning.evaluation.model import Period
from service.decisioning.evaluation.replaying import Shifts, WhatIf
from tests.consenting import DAY, NOON, text
from tests.limiting import Shop, cap, offer, placement, shop, usual
from tests.running import customer
from tests.visiting import CONTEXT, PLACEMENTS, walk

__all__ = ["shop"]

DRAWN = usual("stage") + "".join(offer(f"drawn-{n}", placements=("stage",), keys=f"value = {n}") for n in (1, 2, 5))
PEOPLE = 30
AROUND = Period(NOON - DAY, NOON + DAY)


@pytest.mark.rule("D11")
@pytest.mark.rule("D6")
async def test_a_whole_log_is_made_again_as_it_was(shop: Shop) -> None:
    """Each decision of many people, drawn or ranked, under caps: the same offer again, as probable as it was told."""
    contact, places = cap("few", 12, scope="global", only=["drawn-5"]), placement("stage", ranking="weighted")
    async with shop(DRAWN, contact, places) as service:
        for number in range(PEOPLE):
            person = customer(f"customer-{number}")
            events = ("search", "view_product", "add_to_cart", "purchase")[: number % 5]
            await walk(service, person, events=events, at=NOON)
            await service.decide(person, "stage", *PLACEMENTS, context=CONTEXT if number % 2 else {}, now=text(NOON))
        bundle, opened = service.desks.policy.current, service.desks.subjects.open
        replay = Replay(service.database, bundle, opened)
        again = await replay.show(AROUND, lambda: Shifts(bundle), lambda _done, _total: None)
        assert again.decisions.total() == await service.count("decisions") > PEOPLE
        assert (again.decisions["stage"], again.people_seen) == (PEOPLE, PEOPLE)
        assert dict(again.shifts) == {}
        weighed = await replay.show(AROUND, lambda: WhatIf(bundle), lambda _done, _total: None)
        for sums in weighed.sums.values():
            number = sum(one.number for one in sums.bins.values())
            assert (sums.matched, sums.largest) == (number, pytest.approx(1))
            assert sum(one.weight for one in sums.bins.values()) == pytest.approx(number)
