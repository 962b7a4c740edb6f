"""What would have changed a decision is true when it is tried: on whatever bundle, of whomever (D7, C-203/22)."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from service.decisioning.explanation.candidates import candidates
from service.decisioning.explanation.model import Change
from service.decisioning.explanation.names import names_in
from service.decisioning.explanation.rules import Case, counterfactuals
from service.decisioning.model import Draw, Filled, Remembered, Slot
from service.decisioning.rules import fill_page, inputs, stage
from service.decisioning.slots import slot
from service.journey import rules as journey
from service.journey.model import Contacts, Facts, PastContact
from service.policy.expression import TODAY, Value
from service.policy.model import Bundle
from tests.property.test_decisions import offers
from tests.unit.decisioning.offering import FIELDS, NOON, bundle

EVENTS = {"orders": "purchase", "visits": "search"}
TABLE = UUID(int=7)
STAGES = ("", "see", "think", "do", "care")

fields = {name: replace(field, event=EVENTS.get(name), title={"en": name}) for name, field in FIELDS.items()}
fields["device"] = replace(fields["device"], values=("mobile", "desktop", "tablet"))
bundles = st.builds(
    lambda competing, ranking: replace(bundle(*competing, ranking=ranking), fields=fields),
    st.integers(0, 5).flatmap(lambda n: st.tuples(*(offers(f"offer-{i}") for i in range(n)))),
    st.sampled_from(["priority", "weighted", "thompson"]),
)
contacts = st.builds(
    lambda event, hours, purposes: PastContact(
        event, "web", NOON - timedelta(hours=hours), NOON - timedelta(hours=hours), tuple(sorted(purposes))
    ),
    st.sampled_from(["purchase", "search", "read_story", "view_product", "add_to_cart"]),
    st.integers(0, 2000),
    st.sets(st.sampled_from(["personalization", "analytics"]), min_size=1),
)


class World(Struct, frozen=True):
    """All that a decision hangs on, as it is outside."""

    contacts: tuple[PastContact, ...]
    device: str | None
    allowed: frozenset[str]
    dismissed: frozenset[str]
    held_out: bool
    u: float
    chances: Mapping[tuple[str, str], float]
    stage: str | None = None


worlds = st.builds(
    World,
    contacts=st.lists(contacts, max_size=6).map(lambda found: tuple(sorted(found, key=lambda c: c.occurred_at))),
    device=st.sampled_from([None, "mobile", "desktop"]),
    allowed=st.frozensets(st.sampled_from(["personalization", "analytics", "marketing_email", "service"])),
    dismissed=st.frozensets(st.sampled_from([f"offer-{i}" for i in range(5)]), max_size=2),
    held_out=st.booleans(),
    u=st.floats(0, 1, exclude_max=True),
    chances=st.dictionaries(
        st.tuples(st.sampled_from(STAGES), st.sampled_from([f"offer-{i}" for i in range(5)])), st.floats(0, 1)
    ),
)


def facts_in(world: World, of: Bundle, slot: Slot) -> Facts:
    """What is known of a person, purpose by purpose, and what the page says."""
    known: dict[str, Value] = {TODAY: NOON.date()} | ({"device": world.device} if world.device else {})
    for purpose in {field.purpose for field in slot.personal if field.purpose}:
        times = [(c.event, c.occurred_at) for c in world.contacts if purpose in c.purposes]
        told = [
            Contacts(event, "web", len(when), max(when), when)
            for event in {event for event, _ in times}
            if (when := [time for each, time in times if each == event])
        ]
        of_purpose = [field for field in slot.personal if field.purpose == purpose]
        known |= journey.facts(of, of_purpose, told, NOON, {})
    if world.stage and "stage" in slot.reads:
        known["stage"] = world.stage
    return known


def decided(world: World, of: Bundle) -> tuple[Filled, Facts]:
    """What a page shows, as it is decided when a person comes by."""
    found = slot(of, of.placements["hero"], world.allowed)
    if found.purposes and world.held_out:
        found = slot(of, of.placements["hero"], world.allowed, held_out=True)
    facts = facts_in(world, of, found)
    dismissed = world.dismissed if found.purposes else frozenset[str]()
    at = stage(found, facts) or ""
    table = {offer: chance for (reached, offer), chance in world.chances.items() if reached == at}
    u = world.u if found.purposes else 1 - world.u
    draw = Draw(u, TABLE, table) if table and found.placement.ranking == "thompson" else Draw(u, None, {})
    (filled,) = fill_page(of, [found], facts, Remembered(dismissed=dismissed), lambda _: draw, NOON)
    return filled, facts


def changed(world: World, change: Change) -> list[World]:
    """The worlds in which a change has happened; what rested on a purpose may be forgotten with it, or not."""
    match change.kind:
        case "contact":
            at = change.event, change.occurred_at
            (place, *_) = [i for i, one in enumerate(world.contacts) if (one.event, one.occurred_at) == at][::-1]
            return [replace(world, contacts=(*world.contacts[:place], *world.contacts[place + 1 :]))]
        case "contacts":
            return [replace(world, contacts=tuple(one for one in world.contacts if one.event != change.event))]
        case "purpose":
            less = replace(world, allowed=world.allowed - {change.purpose or ""})
            return [less, replace(less, dismissed=frozenset())]
        case "value" | "absent":
            assert change.field in {"stage", "device"}
            return [replace(world, **{change.field or "": change.value})]


@given(bundles, worlds)
def test_every_counterfactual_is_true_when_it_is_tried(of: Bundle, world: World) -> None:
    """Whoever had lived so, allowed so much, or come so, is shown the offer that was named, and it is another one."""
    filled, facts = decided(world, of)
    kept = inputs(of, filled, facts, world.allowed, NOON)
    case = Case(of, of.placements["hero"], kept, NOON, world.contacts)
    assert case.fill(kept).offer == filled.choice.offer
    for found in counterfactuals(case):
        assert found.choice.offer != filled.choice.offer
        for tried in changed(world, found.change):
            assert decided(tried, of)[0].choice.offer == found.choice.offer, found.change


@given(bundles, worlds)
def test_a_candidate_fails_by_the_clauses_that_are_named(of: Bundle, world: World) -> None:
    """Of an offer whose rule failed at least one clause did not hold, and of one that suited every clause did."""
    filled, facts = decided(world, of)
    case = Case(of, of.placements["hero"], inputs(of, filled, facts, world.allowed, NOON), NOON)
    every = candidates(names_in(of, "shop", "en"), case, "full")
    assert {one.offer.id for one in every} >= {o.id for o in of.offers.values() if "hero" in o.placements} - {"welcome"}
    for one in every:
        failed = [clause for clause in one.clauses if clause.found != "held"]
        assert (one.verdict != "rule") or failed
        assert not (failed and one.verdict in {"shown", "outranked"})
    assert [one.offer.id for one in every if one.verdict == "shown"] == [filled.choice.offer.id]
    assert abs(sum(one.probability or 0 for one in every) - 1) < 1e-9
