"""Which changes are named, and which are not because nobody can know what they would have led to."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from service.decisioning.explanation.rules import MOST, Case, counterfactuals
from service.decisioning.model import Draw, Exclusion, Input, Inputs
from service.journey.model import PastContact
from service.policy.model import Bundle, Offer
from tests.unit.decisioning.offering import NOON, bundle, offer

FIT = "personalization"
OPEN = offer("open", rule='device == "mobile"')
TABLE = UUID(int=1)


def named(of: Bundle, facts: dict[str, Input], *allowed: str, **more: object) -> dict[tuple[str, object], str]:
    """The offer that each change leads to, by what is changed and into what."""
    found = counterfactuals(Case(of, of.placements["hero"], Inputs(facts, allowed, **more), NOON))  # pyright: ignore[reportArgumentType]
    return {(one.change.field or one.change.purpose or "", one.change.value): one.choice.offer.id for one in found}


def at(stage: str, device: str | None = None) -> dict[str, Input]:
    """Facts: a stage, and a device if there is one."""
    return {"stage": Input(stage, FIT)} | ({"device": Input(device, None)} if device else {})


def test_a_change_is_named_with_what_it_leads_to() -> None:
    """Another stage, and no consent at all; of two stages that lead to the same the first."""
    of = bundle(offer("seen", FIT, stages=["see"]), offer("done", FIT, stages=["do"]))
    assert named(of, at("see"), FIT) == {
        ("stage", "think"): "welcome",
        ("stage", "do"): "done",
        (FIT, None): "welcome",
    }


@pytest.mark.parametrize(
    ("excluded", "is_named"),
    [({}, True), ({"open": Exclusion.DISMISSED}, False), ({"open": Exclusion.CAPPED}, False)],
)
def test_what_was_remembered_for_a_purpose_may_be_forgotten_with_it(
    excluded: dict[str, Exclusion], *, is_named: bool
) -> None:
    """Without consent no dismissal is known either, so that nobody can say what would have been shown."""
    of = bundle(offer("fitting", FIT, rule="orders >= 1", priority=1), OPEN)
    facts = {"orders": Input(1.0, FIT), "device": Input("mobile", None)}
    found = named(of, facts, FIT, excluded=excluded)
    assert ((FIT, None) in found) is is_named


def test_what_is_on_the_page_stays_there() -> None:
    """An offer that is beside it already is not named in its own place."""
    of = bundle(offer("fitting", FIT, rule="orders >= 1", priority=1), OPEN)
    facts = {"orders": Input(1.0, FIT), "device": Input("mobile", None)}
    assert named(of, facts, FIT, excluded={"open": Exclusion.SHOWN})[FIT, None] == "welcome"


def test_nobody_is_held_out_of_whom_nothing_is_used() -> None:
    """Who is held out would have been shown what the page suggests, had they said no."""
    of = bundle(offer("fitting", FIT, stages=["see"]), OPEN)
    assert named(of, {"device": Input("mobile", None)}, FIT, held_out=True) == {(FIT, None): "open"}


@pytest.mark.parametrize(("number", "is_named"), [(1, True), (MOST + 1, False)])
def test_contacts_are_tried_while_they_are_few(number: int, *, is_named: bool) -> None:
    """One contact less is tried of somebody with a life that can be gone through, and of nobody else."""
    of = bundle(offer("fitting", FIT, rule=f"orders >= {number}"))
    of = replace(of, fields={**of.fields, "orders": replace(of.fields["orders"], event="purchase")})
    contacts = [PastContact("purchase", "web", NOON, NOON, (FIT,))] * number
    kept = Inputs({"orders": Input(float(number), FIT)}, (FIT,))
    found = counterfactuals(Case(of, of.placements["hero"], kept, NOON, contacts))
    assert ("contact" in {one.change.kind for one in found}) is is_named


def competing(*more: Offer, ranking: str) -> Bundle:
    """Two offers at the stage see and two at the stage do, drawn by lot."""
    two = [offer(f"{stage}-{place}", FIT, stages=[stage]) for stage in ("see", "do") for place in (1, 2)]
    return bundle(*two, *more, ranking=ranking)


@pytest.mark.parametrize(("ranking", "table", "is_named"), [("weighted", None, True), ("thompson", TABLE, False)])
def test_a_draw_is_named_only_where_its_chances_are_known(ranking: str, table: UUID | None, *, is_named: bool) -> None:
    """The table of another stage is not at hand, nor is that of what nobody was going to be shown."""
    of = competing(ranking=ranking)
    found = named(of, at("see"), FIT, draw=Draw(0.1, table, {"see-1": 0.5, "see-2": 0.5}))
    assert (("stage", "do") in found) is is_named
    assert found[FIT, None] == "welcome"


@pytest.mark.parametrize("ranking", ["weighted", "thompson"])
def test_who_is_nobody_draws_with_a_number_that_is_not_known(ranking: str) -> None:
    """Without consent the lot falls elsewhere, so that only what is certain is named."""
    others = [offer(name, rule='device == "mobile"') for name in ("other-1", "other-2")]
    draw = Draw(0.9, None, {})
    assert (FIT, None) not in named(competing(*others, ranking=ranking), at("see", "mobile"), FIT, draw=draw)
    assert named(competing(others[0], ranking=ranking), at("see", "mobile"), FIT, draw=draw)[FIT, None] == "other-1"


@pytest.mark.parametrize(
    ("ranking", "table", "is_named"), [("weighted", None, True), ("thompson", None, False), ("thompson", TABLE, False)]
)
def test_another_stage_has_another_table(ranking: str, table: UUID | None, *, is_named: bool) -> None:
    """Also where only offers would be left whose chances at this stage are known, or nothing was learnt of this one."""
    of = bundle(offer("any-1", FIT), offer("any-2", FIT), offer("seen", FIT, stages=["see"]), ranking=ranking)
    found = named(of, at("see"), FIT, draw=Draw(0.9, table, {"any-1": 0.2, "any-2": 0.3, "seen": 0.5} if table else {}))
    assert (found.get(("stage", "think")) == "any-2") is is_named
