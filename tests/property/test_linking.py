"""Whatever two subjects said, linking them raises nothing and parting them leaves nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.consent.linking.model import Merger, Outcome
from service.consent.linking.rules import merge, taken_over, without
from service.consent.model import Objection, Permission, Reason, Said, Standing, Status
from service.consent.past import Past, Restriction
from service.consent.rules import permission, protected, standing_at
from service.policy.load import load
from service.policy.model import Bundle
from tests.conftest import ROOT
from tests.unit.consent.saying import HOUR, NOON, said

BUNDLE = load(ROOT / "policies")
PURPOSES = ("analytics", "personalization", "marketing_email")
LINK = UUID(int=99)
LINKED_AT = NOON + 9 * HOUR

moments = st.integers(0, 6).map(lambda hours: NOON + hours * HOUR)
numbers = st.integers(1000, 10**6)
events = st.builds(
    said,
    st.sampled_from([Status.GIVEN, Status.GIVEN, Status.REFUSED, Status.WITHDRAWN]),
    moments,
    number=numbers,
    purpose=st.sampled_from(PURPOSES),
    valid_until=st.none() | st.integers(7, 12).map(lambda hours: NOON + hours * HOUR),
    gpc=st.booleans(),
)
through = st.builds(lambda event, link: replace(event, link=link), events, st.sampled_from([None, UUID(int=97)]))
"""What somebody said, or got through another link that lasts."""
objections = st.builds(Objection, numbers.map(lambda n: UUID(int=n)), st.sampled_from(PURPOSES), moments, st.booleans())
restrictions = st.builds(Restriction, numbers.map(lambda n: UUID(int=n)), moments, st.booleans())


def _past(number: int, said_by_them: st.SearchStrategy[Said], most: int) -> st.SearchStrategy[Past]:
    return st.builds(
        Past,
        subject_id=st.just(UUID(int=number)),
        revision=st.just(0),
        said=st.lists(said_by_them, max_size=most, unique_by=lambda event: event.entry_id),
        objections=st.lists(objections, max_size=1).map(_in_order),
        restrictions=_rarely(restrictions),
    )


def _rarely(found: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.one_of(*[st.just([])] * 3, st.lists(found, max_size=2).map(_in_order))


def _in_order(found: list[Any]) -> list[Any]:
    return sorted(found, key=lambda one: one.effective_at)


both = st.tuples(_past(1, events, 5), _past(2, through, 3), st.sampled_from([True, True, False]))


def linked(anonymous: Past, known: Past, *, adopts: bool) -> tuple[Past, Merger]:
    """The known subject's past once they are linked, and what was merged."""
    merger = merge(replace(BUNDLE, adopt_anonymous_grants=adopts), anonymous, known, LINKED_AT)
    brought = [taken_over(state, UUID(int=n), LINK, LINKED_AT) for n, state in enumerate(merger.states, 1)]
    objected = [replace(o, effective_at=LINKED_AT, link=LINK) for o in merger.objections]
    restricted = [Restriction(UUID(int=98), LINKED_AT, lifted=False, link=LINK)] if merger.restricted else []
    after = replace(
        known,
        said=[*known.said, *brought],
        objections=[*known.objections, *objected],
        restrictions=[*known.restrictions, *restricted],
    )
    return after, merger


def verdicts(past: Past, now: datetime, bundle: Bundle = BUNDLE) -> Mapping[str, Permission]:
    """What a check says of a past at a time."""
    standing: Standing = standing_at(past, now, None)
    return {
        name: protected(bundle.purposes[name], standing)
        or permission(bundle.purposes[name], standing.states.get(name), now)
        for name in PURPOSES
    }


@settings(max_examples=300)
@given(both, st.integers(9, 13))
def test_linking_raises_no_permission(pair: tuple[Past, Past, bool], hours: int) -> None:
    """Now and later the known subject is allowed no more than before, but what was adopted from a browser alone."""
    anonymous, known, adopts = pair
    after, merger = linked(anonymous, known, adopts=adopts)
    now = NOON + hours * HOUR
    before, theirs = verdicts(known, now), verdicts(anonymous, now)
    for name, verdict in verdicts(after, now).items():
        merged = merger.purposes.get(name)
        adopted = merged is not None and merged.outcome is Outcome.GRANT_ADOPTED
        assert not verdict.allowed or before[name].allowed or (adopts and adopted and theirs[name].allowed)
        assert not adopted or before[name].reason is Reason.UNKNOWN


@settings(max_examples=300)
@given(both)
def test_every_no_of_a_browser_reaches_the_known_subject(pair: tuple[Past, Past, bool]) -> None:
    """Where the browser refused, withdrew, objected or was restricted, the known subject is not allowed either."""
    anonymous, known, adopts = pair
    after, merger = linked(anonymous, known, adopts=adopts)
    theirs = standing_at(anonymous, LINKED_AT, None)
    for name, verdict in verdicts(after, LINKED_AT).items():
        state = theirs.states.get(name)
        no = state is not None and state.status is not Status.GIVEN
        if no or protected(BUNDLE.purposes[name], theirs):
            assert not verdict.allowed, (name, merger)


@settings(max_examples=300)
@given(both)
def test_undoing_a_link_leaves_nothing_of_it(pair: tuple[Past, Past, bool]) -> None:
    """Without what the link brought the known subject stands where they stood, at any time."""
    anonymous, known, adopts = pair
    after, _ = linked(anonymous, known, adopts=adopts)
    assert without(after, LINK) == known
    undone = replace(after, said=[replace(s, until=LINKED_AT + HOUR) if s.link == LINK else s for s in after.said])
    later = LINKED_AT + 2 * HOUR
    assert standing_at(undone, later, None).states == standing_at(known, later, None).states


@settings(max_examples=300)
@given(both)
def test_the_past_is_what_it_was(pair: tuple[Past, Past, bool]) -> None:
    """A question about a time before the link is answered as it was before it."""
    anonymous, known, adopts = pair
    after, _ = linked(anonymous, known, adopts=adopts)
    before = LINKED_AT - HOUR
    assert verdicts(after, before) == verdicts(known, before)


@settings(max_examples=300)
@given(both)
def test_the_same_link_merges_the_same_again(pair: tuple[Past, Past, bool]) -> None:
    """Asked again while it lasts, a link tells the outcomes that it had."""
    anonymous, known, adopts = pair
    after, merger = linked(anonymous, known, adopts=adopts)
    bundle = replace(BUNDLE, adopt_anonymous_grants=adopts)
    assert merge(bundle, anonymous, without(after, LINK), LINKED_AT) == merger
