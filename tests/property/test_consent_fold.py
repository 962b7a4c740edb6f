"""`state == fold(history)`, whatever is said and in whatever order it arrives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.consent.model import Method, Said, Status
from service.consent.rules import fold, permission, takes_effect
from tests.unit.consent.saying import DAY, HOUR, NOON, purpose, said

PURPOSES = ("analytics", "personalization")

WILD = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC))
"""What clocks say that were never set, or wrongly."""

moments = st.integers(0, 6).map(lambda hours: NOON + hours * HOUR)
events = st.builds(
    said,
    st.sampled_from([Status.GIVEN, Status.REFUSED, Status.WITHDRAWN]),
    moments | st.sampled_from(WILD),
    number=st.integers(1, 10**6),
    purpose=st.sampled_from(PURPOSES),
    recorded_at=moments,
    valid_until=st.none() | moments,
    gpc=st.booleans(),
)
histories = st.lists(events, max_size=12, unique_by=lambda event: event.entry_id)


@pytest.mark.rule("C23")
@given(histories.flatmap(lambda history: st.tuples(st.just(history), st.permutations(history))))
def test_the_order_of_arrival_does_not_matter(orders: tuple[list[Said], list[Said]]) -> None:
    """The same events give the same state of every purpose, field by field."""
    one, other = orders
    assert fold(one) == fold(other)


@given(histories)
def test_a_late_older_grant_overrides_nothing(history: list[Said]) -> None:
    """A grant that takes effect no later than a refusal or withdrawal leaves that in force."""
    states = fold(history)
    for name, state in states.items():
        if state.status is not Status.GIVEN:
            late = said(Status.GIVEN, state.effective_at, number=10**7, purpose=name, recorded_at=NOON + 99 * HOUR)
            assert fold([*history, late])[name] == state


@given(histories, st.sampled_from(PURPOSES))
def test_what_protects_counts_from_when_it_takes_effect(history: list[Said], name: str) -> None:
    """A withdrawal no older than everything else is the state, wherever in the history it stands."""
    last = max((event.effective_at for event in history), default=NOON)
    withdrawal = said(Status.WITHDRAWN, last, number=10**7, purpose=name, recorded_at=NOON + 99 * HOUR)
    assert fold([withdrawal, *history])[name].status is Status.WITHDRAWN


@given(histories)
def test_the_state_is_that_of_an_event_that_happened(history: list[Said]) -> None:
    """A purpose has a state exactly if something was said about it, and each state names one of its events."""
    states = fold(history)
    by_id = {event.entry_id: event for event in history}
    assert set(states) == {event.purpose for event in history}
    for name, state in states.items():
        event = by_id[state.entry_id]
        assert (event.purpose, event.status, event.effective_at) == (name, state.status, state.effective_at)
        assert event.effective_at == max(other.effective_at for other in history if other.purpose == name)


@given(histories, moments)
def test_purposes_do_not_touch_one_another(history: list[Said], now: datetime) -> None:
    """The verdict on one purpose is the same whatever was said about another."""
    del now
    for name in PURPOSES:
        alone = [event for event in history if event.purpose == name]
        assert fold(history).get(name) == fold(alone).get(name)


@given(histories)
def test_data_is_readable_only_since_the_current_grant(history: list[Said]) -> None:
    """`given_since` exists exactly while a grant counts, and never reaches behind what ended the one before."""
    for name, state in fold(history).items():
        assert (state.given_since is not None) == (state.status is Status.GIVEN)
        if state.given_since is not None:
            recorded = [e.recorded_at for e in history if e.purpose == name and e.status is Status.GIVEN]
            assert state.given_since in recorded


NEVER = NOON - 99 * DAY
NOTHING = timedelta(0)
periods = st.integers(0, 6).map(lambda halves: halves * 12 * HOUR)
late_or_fast = st.tuples(periods, periods.map(lambda slow: -slow)) | st.tuples(st.just(NOTHING), periods)
"""How long a page holds a decision back, and how far its clock is ahead."""
steps = st.lists(
    st.tuples(
        st.sampled_from([Status.GIVEN, Status.REFUSED]),
        st.sampled_from([method for method in Method if method not in {Method.PAPER, Method.PHONE, Method.IMPORT}]),
        periods,
        late_or_fast,
    ),
    min_size=1,
    max_size=8,
)


HELD_BACK = [
    (Status.REFUSED, Method.BANNER, NOTHING, (NOTHING, NOTHING)),
    (Status.GIVEN, Method.BANNER, DAY, (3 * DAY, NOTHING)),
]


@example(HELD_BACK, True)
@given(steps, st.booleans())
def test_neither_a_late_packet_nor_a_wrong_clock_raises_a_permission(
    spoken: Sequence[tuple[Status, Method, timedelta, tuple[timedelta, timedelta]]], browser: bool
) -> None:
    """After a refusal was recorded only what was decided after it allows anything, and on a page shown since does."""
    numbers = count(1)
    history: list[Said] = []
    decided, served, refused = [NEVER], [NEVER], NEVER
    for place, (status, method, read, (held, ahead)) in enumerate(spoken):
        recorded_at = NOON + place * 2 * DAY
        decided_at, served_at = recorded_at - held, recorded_at - held - read
        shown = served_at if browser else None
        effective_at = takes_effect(status, method, decided_at + ahead, recorded_at, served_at=shown)
        if effective_at is None:
            assert not browser
            continue
        assert effective_at <= recorded_at
        history.append(said(status, effective_at, number=next(numbers), recorded_at=recorded_at))
        if status is Status.GIVEN:
            decided, served = [*decided, decided_at], [*served, served_at]
        else:
            refused = recorded_at
        verdict = permission(purpose(), fold(history)["analytics"], recorded_at)
        assert not verdict.allowed or max(decided) > refused
        assert verdict.allowed or not browser or max(served) <= refused


@given(st.uuids(), st.uuids(), moments)
def test_a_tie_is_broken_the_same_way_everywhere(one: UUID, other: UUID, now: datetime) -> None:
    """Two grants of the same instant, learnt at the same instant: every process names the same one."""
    if one == other:
        return
    pair = [said(effective_at=now, number=one.int), said(effective_at=now, number=other.int)]
    assert fold(pair)["analytics"].entry_id == fold(pair[::-1])["analytics"].entry_id == max(one, other)
