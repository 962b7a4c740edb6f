"""The rules of decisions, over HTTP: nothing personal without consent, no empty placement, the same answer again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import permutations, product

import asyncpg
import pytest

from tests.consenting import NOON, text
from tests.running import Running, customer, refused
from tests.visiting import CONTEXT, HISTORY, PLACEMENTS, VISITORS, Decisions, asker, rows, waited_for, walk

NOW = text(NOON)
ADA = customer("ada-marker")


@asynccontextmanager
async def _locked(service: Running, *tables: str) -> AsyncIterator[None]:
    """Keep everybody from reading and writing tables."""
    connection = await asyncpg.connect(service.database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@pytest.mark.rule("D1")
async def test_nothing_personal_is_read_without_consent(service: Running) -> None:
    """Without consent nothing kept about anyone is looked at: with all of it locked the answer still comes."""
    asks = [await asker(service, kind) for kind in VISITORS]
    await walk(service, ADA)
    async with _locked(service, "touchpoints", "decisions", "interactions", "cap_counters"):
        profiling = asyncio.create_task(service.decide(ADA, "home_hero"))
        await waited_for(service, "relation")
        for ask in asks:
            decisions = await ask(*PLACEMENTS, context=CONTEXT)
            assert {decision["mode"] for decision in decisions} == {"contextual", "fallback"}
        assert not profiling.done()
    (decision,) = await profiling
    assert decision["mode"] == "profiled"


@pytest.mark.rule("D1")
async def test_nothing_is_stored_without_consent(service: Running) -> None:
    """A decision without consent leaves no row anywhere, has no id, and names no stage and no proof."""
    asks = {kind: await asker(service, kind) for kind in VISITORS}
    before = await rows(service)
    for kind, ask in asks.items():
        decisions = await ask(*PLACEMENTS) + await ask(*PLACEMENTS, context=CONTEXT)
        assert await rows(service) == before, kind
        assert {decision["mode"] for decision in decisions} == {"contextual", "fallback"}, kind
        assert all((d["decision_id"], d["stage"], d["proof"]) == (None, None, []) for d in decisions), kind


@pytest.mark.rule("D1")
async def test_a_past_makes_no_difference_without_consent(service: Running) -> None:
    """Whoever has a past with the shop and no consent is shown what anybody is shown, to the letter."""
    asks = {kind: await asker(service, kind) for kind in VISITORS}
    for context in ({}, CONTEXT):
        shown = {kind: await ask(*PLACEMENTS, context=context) for kind, ask in asks.items()}
        assert all(decisions == shown["never seen"] for decisions in shown.values())


@pytest.mark.rule("D2")
async def test_a_refusal_is_never_an_error_and_never_empty(service: Running) -> None:
    """Every placement of the bundle is filled for every kind of visitor, with its fallback where nothing else may."""
    bundle = service.desks.policy.current
    assert set(PLACEMENTS) == bundle.placements.keys()
    fallbacks = [bundle.offers[bundle.placements[placement].fallback] for placement in PLACEMENTS]
    asks = {kind: await asker(service, kind) for kind in VISITORS}
    for kind, language in product(VISITORS, ("it", "en")):
        decisions = await asks[kind](*PLACEMENTS, language=language)
        assert [decision["placement"] for decision in decisions] == [*PLACEMENTS], kind
        assert {(decision["mode"], decision["reason"]) for decision in decisions} == {("fallback", "CONSENT")}, kind
        shown = [{"id": fallback.id, "content": fallback.content[language]} for fallback in fallbacks]
        assert [decision["offer"] for decision in decisions] == shown, kind
        assert all(decision["offer"]["content"]["headline"] for decision in decisions), kind


@pytest.mark.rule("D2")
async def test_a_refusal_leaves_what_the_page_itself_says(service: Running) -> None:
    """Without consent the request's own context still finds an offer, and what it finds nothing for falls back."""
    for kind in VISITORS:
        ask = await asker(service, kind)
        decisions = await ask(*PLACEMENTS, context=CONTEXT)
        assert [(decision["mode"], decision["reason"], decision["offer"]["id"]) for decision in decisions] == [
            ("contextual", "TARGETING_MATCH", "turntable-setup"),
            ("fallback", "CONSENT", "bestsellers"),
            ("contextual", "TARGETING_MATCH", "free-delivery-gap"),
            ("fallback", "CONSENT", "account-help"),
            ("fallback", "CONSENT", "news-of-the-month"),
        ], kind


@pytest.mark.rule("D2")
async def test_one_person_goes_down_the_ladder_and_up_again(service: Running) -> None:
    """Profiled with consent, contextual when it is withdrawn, the fallback when the page says nothing too."""

    async def shown() -> list[tuple[str, str, str]]:
        decisions = [
            *await service.decide(ADA, "home_hero", context={"device": "mobile"}),
            *await service.decide(ADA, "home_hero"),
        ]
        return [(decision["mode"], decision["reason"], decision["offer"]["id"]) for decision in decisions]

    without = [("contextual", "TARGETING_MATCH", "shop-by-phone"), ("fallback", "CONSENT", "welcome")]
    assert await shown() == without
    await walk(service, ADA, events=["search"])
    assert await shown() == [("profiled", "TARGETING_MATCH", "guide-headphones")] * 2
    await service.withdraw(ADA, ["personalization"])
    assert await shown() == without
    await walk(service, ADA, events=["search"])
    assert await shown() == [("profiled", "TARGETING_MATCH", "guide-headphones")] * 2


@pytest.mark.rule("D2")
async def test_consent_in_vain_falls_back_too(service: Running) -> None:
    """Whoever agreed and suits no offer gets the fallback, and the reason does not blame their consent."""
    await service.give(ADA, "personalization", "marketing_email")
    decisions = await service.decide(ADA, *PLACEMENTS)
    assert {(d["mode"], d["reason"], d["decision_id"]) for d in decisions} == {("fallback", "FALLBACK", None)}
    assert await service.count("decisions") == 0


@pytest.mark.rule("D2")
async def test_the_privacy_signal_degrades_as_a_refusal_does(service: Running) -> None:
    """With the signal on, what honours it is not used, unless the grant was itself made with it on."""
    await walk(service, ADA, events=["search"])
    (decision,) = await service.decide(ADA, "home_hero", gpc=True)
    assert (decision["mode"], decision["reason"]) == ("fallback", "CONSENT")
    await service.give(ADA, "personalization", gpc=True)
    (decision,) = await service.decide(ADA, "home_hero", gpc=True)
    assert (decision["mode"], decision["offer"]["id"]) == ("profiled", "guide-headphones")


@pytest.mark.rule("D2")
async def test_expiry_is_judged_when_it_is_decided(service: Running) -> None:
    """Until the instant at which consent ends it is used, and from that instant on it is not."""
    await walk(service, ADA, "personalization", events=["search"], at=NOON)
    until = (await service.check(ADA, "personalization", now=NOW))["valid_until"]
    just_before = text(datetime.fromisoformat(until) - timedelta(microseconds=1))
    # The search has expired by then, so that only the mode of an offer of the page's own can tell
    (before,) = await service.decide(ADA, "home_hero", now=just_before, context={"device": "mobile"})
    (after,) = await service.decide(ADA, "home_hero", now=until, context={"device": "mobile"})
    assert (before["mode"], after["mode"]) == ("profiled", "contextual")


def _same(decisions: Decisions) -> dict[str, object]:
    """Decisions by placement, without the names that they are stored under."""
    return {d["placement"]: {key: d[key] for key in d.keys() - {"decision_id", "token"}} for d in decisions}


@pytest.mark.rule("D6")
async def test_the_same_question_has_the_same_answer(service: Running) -> None:
    """Same subject, bundle, time, state: same decision; in any order and company, where placements share no offer."""
    await walk(service, ADA, events=["search", "view_product", "view_product", "view_product"], at=NOON)
    context = {"page_category": "headphones", "device": "mobile"}
    first = _same(await service.decide(ADA, *PLACEMENTS, now=NOW, context=context))
    offers = [decision["offer"]["id"] for decision in first.values()]
    assert offers == ["guide-headphones", "compare-models", "easy-returns", "account-help", "news-of-the-month"]
    apart = [placement for placement in PLACEMENTS if placement != "product_sidebar"]  # it shares with home_hero
    alone = {placement: first[placement] for placement in apart}
    for order in permutations(apart):
        assert _same(await service.decide(ADA, *order, now=NOW, context=context)) == alone
    for placement in apart:
        assert _same(await service.decide(ADA, placement, now=NOW, context=context)) == {placement: first[placement]}
    together = await asyncio.gather(*(service.decide(ADA, *PLACEMENTS, now=NOW, context=context) for _ in range(8)))
    assert all(_same(decisions) == first for decisions in together)


@pytest.mark.rule("D6")
async def test_the_same_state_has_the_same_answer(service: Running) -> None:
    """Who did the same things, reported in another order, is shown the same; who did others, something else."""
    people = [customer(f"twin-{number}") for number in range(3)]
    for person, events in zip(people, [HISTORY, HISTORY[::-1], HISTORY[:1]], strict=True):
        await walk(service, person, events=events, at=NOON)
    asked = [service.decide(person, *PLACEMENTS, now=NOW, context=CONTEXT) for person in people]
    first, second, other = await asyncio.gather(*asked)
    shown = [[(d["mode"], d["stage"], d["offer"], d["reason"]) for d in found] for found in (first, second, other)]
    assert shown[0] == shown[1] != shown[2]


@pytest.mark.rule("D6")
async def test_a_page_shows_nothing_twice(service: Running) -> None:
    """What the first placement took is not offered on the next, so that there the order is part of the question."""
    await walk(service, ADA, events=["search"], at=NOON)
    for order in (("home_hero", "product_sidebar"), ("product_sidebar", "home_hero")):
        decisions = await service.decide(ADA, *order, now=NOW)
        assert decisions[0]["offer"]["id"] == "guide-headphones"
        assert (decisions[1]["mode"], decisions[1]["reason"]) == ("fallback", "FALLBACK")
    body = {"subject": ADA, "site": "shop", "placements": ["home_hero", "home_hero"]}
    problem = refused(await service.post("/v1/decisions", body), 422, "decision-refused")
    assert problem["errors"][0]["path"] == "$.placements"
