"""The rule of learning, over HTTP: only from who allows it, and an erasure takes back what somebody taught."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from typing import Any

import pytest

from tests.consenting import ON_CONSENT
from tests.filing import erase
from tests.reporting import learnt, report, shown
from tests.running import Running, customer
from tests.visiting import walk

ADA, BOB = customer("ada-marker"), customer("bob-marker")
HERO = ("home_hero", "think", "guide-headphones")
EVENTS = ("impression", "click", "conversion", "dismissal")


async def told(service: Running, subject: dict[str, str], *purposes: str) -> str:
    """Let somebody agree to purposes and search; returns the token of the offer that is shown to them then."""
    await walk(service, subject, *purposes, events=["search"])
    return await shown(service, subject)


@pytest.mark.rule("D12")
async def test_an_offer_is_learnt_from_who_allows_it(service: Running) -> None:
    """An impression counts as shown, the click as a success; neither without consent for `model_training`."""
    for subject, purposes in ((ADA, ON_CONSENT), (BOB, ("personalization",))):
        assert await report(service, await told(service, subject, *purposes), *EVENTS) == ["stored"] * 4
    assert await learnt(service) == {HERO: (1, 1)}


@pytest.mark.rule("D12")
@pytest.mark.parametrize("events", list(permutations(EVENTS[:3])))
async def test_each_decision_counts_once_in_any_order(service: Running, events: tuple[str, ...]) -> None:
    """A click without its impression counts as shown too, and the impression that comes late adds nothing."""
    token = await told(service, ADA)
    for count, event in enumerate(events, start=1):
        assert await report(service, token, event) == ["stored"]
        reported = events[:count]
        clicked = "click" in reported
        assert await learnt(service) == ({HERO: (1, int(clicked))} if clicked or "impression" in reported else {})


@pytest.mark.rule("D12")
async def test_erasure_takes_back_what_somebody_taught(service: Running) -> None:
    """Afterwards the arms are what they would be without the person, to the last count."""
    tokens = [await told(service, subject) for subject in (ADA, BOB)]
    tokens += [await shown(service, ADA, placement) for placement in ("home_hero", "product_sidebar")]
    for token in tokens:
        await report(service, token, "impression", "click")
    assert await learnt(service) == {HERO: (3, 3), ("product_sidebar", "think", "guide-headphones"): (1, 1)}
    await erase(service, ADA)
    assert await learnt(service) == {HERO: (1, 1)}
    assert await service.count("interactions") == 2


Ending = Callable[[Running], Awaitable[Any]]


async def _withdraws_learning(service: Running) -> None:
    await service.withdraw(ADA, ["model_training"])


async def _withdraws_everything(service: Running) -> None:
    await service.withdraw(ADA)


async def _withdraws_what_it_was_learnt_from(service: Running) -> None:
    await service.withdraw(ADA, ["personalization"])


@pytest.mark.rule("D12")
@pytest.mark.parametrize("no", [_withdraws_learning, _withdraws_everything, _withdraws_what_it_was_learnt_from])
async def test_a_no_takes_back_what_was_taught_for_it(service: Running, no: Ending) -> None:
    """Whoever withdraws is no longer counted, so that an erasure after it has nothing left to subtract."""
    for subject in (ADA, BOB):
        await report(service, await told(service, subject), "impression", "click")
    await no(service)
    assert await learnt(service) == {HERO: (1, 1)}
    await erase(service, ADA)
    assert await learnt(service) == {HERO: (1, 1)}


@pytest.mark.rule("D12")
async def test_withdrawal_of_model_training_stops_learning(service: Running) -> None:
    """What becomes of decisions is still kept, and teaches nothing, also of decisions that were made before."""
    before = await told(service, ADA)
    await service.withdraw(ADA, ["model_training"])
    for token in (before, await shown(service, ADA)):
        assert await report(service, token, "impression", "click") == ["stored"] * 2
    assert await learnt(service) == {}


@pytest.mark.rule("D12")
async def test_a_later_yes_teaches_by_later_decisions_only(service: Running) -> None:
    """A decision that was made before the consent that holds is not learnt from."""
    without = await told(service, ADA, "personalization")
    await service.give(ADA, "model_training")
    before = await shown(service, ADA)
    await service.withdraw(ADA, ["model_training"])
    await service.give(ADA, "model_training")
    for token in (without, before):
        assert await report(service, token, "impression", "click") == ["stored"] * 2
    assert await learnt(service) == {}
    await report(service, await shown(service, ADA), "impression")
    assert await learnt(service) == {HERO: (1, 0)}


@pytest.mark.rule("D12")
async def test_the_signal_of_the_decision_counts_too(service: Running) -> None:
    """What Global Privacy Control denied when it was decided is not learnt later, when the signal is off."""
    await walk(service, ADA, "model_training", events=[])
    await service.give(ADA, "personalization", gpc=True)
    await walk(service, ADA, "analytics", events=["search"])
    (decision,) = await service.decide(ADA, "home_hero", gpc=True)
    assert await report(service, decision["token"], "impression", "click") == ["stored"] * 2
    assert await learnt(service) == {}
    assert await report(service, await shown(service, ADA), "impression", "click") == ["stored"] * 2
    assert await learnt(service) == {HERO: (1, 1)}


@pytest.mark.rule("D12")
async def test_the_arms_stay_exact_whatever_happens_at_once(service: Running) -> None:
    """Reports, also of the same decision, withdrawals and erasures at once: every arm is the sum of what is kept."""
    people = [customer(f"learning-{number}") for number in range(6)]
    tokens = [await told(service, person) for person in people]
    tokens += [await shown(service, person, "product_sidebar") for person in people]
    reports = [report(service, token, event) for token in tokens for event in ("click", "impression") for _ in range(3)]
    noes = [service.withdraw(people[0]), service.withdraw(people[1], ["model_training"])]
    await asyncio.gather(*reports, *noes, *(erase(service, person) for person in people[2:4]))
    counts = await learnt(service)
    assert {arm: count for arm, count in counts.items() if count != (2, 2)} == {}
    assert len(counts) == 2
