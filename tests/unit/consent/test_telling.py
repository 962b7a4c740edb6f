"""When to ask again, and where somebody stood."""

from datetime import timedelta
from uuid import UUID

import pytest

from service.consent.model import Said, Status
from service.consent.past import Past
from service.consent.rules import ASK_AGAIN_AFTER, ask_again_at, fold, standing_at, stands
from tests.unit.consent.saying import DAY, HOUR, NOON, said

ENDS = NOON + 30 * DAY


def test_nobody_who_decided_nothing_has_to_be_left_alone() -> None:
    """They may be asked now."""
    assert ask_again_at(None, NOON, changed=False) is None


@pytest.mark.parametrize("no", [Status.REFUSED, Status.WITHDRAWN])
def test_a_no_is_respected_for_six_months(no: Status) -> None:
    """Whichever months they are; the boundary instant is over, and a notice that changed asks something new."""
    state = fold([said(no)])["analytics"]
    again = NOON + ASK_AGAIN_AFTER
    assert ask_again_at(state, again - timedelta(microseconds=1), changed=False) == again
    assert ask_again_at(state, again, changed=False) is None
    assert ask_again_at(state, NOON, changed=True) is None
    assert again >= NOON.replace(month=NOON.month + 6)


def test_a_grant_is_renewed_when_it_ends() -> None:
    """Not before; and never, when it never ends."""
    state = fold([said(valid_until=ENDS)])["analytics"]
    assert ask_again_at(state, ENDS - HOUR, changed=False) == ENDS
    assert ask_again_at(state, ENDS, changed=False) is None
    assert ask_again_at(fold([said()])["analytics"], NOON, changed=False) is None


def test_expired_is_since_it_ended() -> None:
    """A grant is given since it took effect, and expired since it ended."""
    state = fold([said(valid_until=ENDS)])["analytics"]
    told = [stands(state, now, changed=False) for now in (ENDS - HOUR, ENDS)]
    assert [(one.status, one.since) for one in told] == [(Status.GIVEN, NOON), (Status.EXPIRED, ENDS)]


def stood(history: list[Said], at: int, known_at: int | None) -> Status:
    """Where analytics stood, the clocks in hours after noon."""
    past = Past(subject_id=UUID(int=1), revision=1, said=history, objections=[], restrictions=[])
    known = None if known_at is None else NOON + known_at * HOUR
    state = standing_at(past, NOON + at * HOUR, known).states.get("analytics")
    return state.status if state else Status.UNKNOWN


def test_both_clocks_include_their_own_instant() -> None:
    """An event counts from the instant at which it took effect, and from the one at which it was learnt."""
    history = [said(number=1), said(Status.REFUSED, NOON + 2 * HOUR, number=2, recorded_at=NOON + 5 * HOUR)]
    told = {(at, known): stood(history, at, known) for at in (-1, 1, 2) for known in (-1, 4, 5, None)}
    given = {(1, 4), (1, 5), (1, None), (2, 4)}
    refused = {(2, 5), (2, None)}
    assert {clocks for clocks, status in told.items() if status is Status.GIVEN} == given
    assert {clocks for clocks, status in told.items() if status is Status.REFUSED} == refused
    assert {clocks for clocks, status in told.items() if status is Status.UNKNOWN} == set(told) - given - refused
