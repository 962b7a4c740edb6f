"""Where a purpose stands after a history."""

from itertools import permutations

import pytest

from service.consent.model import Said, Status
from service.consent.rules import fold
from tests.unit.consent.saying import DAY, HOUR, NOON, said

GIVEN, REFUSED, WITHDRAWN = Status.GIVEN, Status.REFUSED, Status.WITHDRAWN


def test_no_history_stands_nowhere() -> None:
    """Nobody starts as given."""
    assert fold([]) == {}


def test_the_last_event_to_take_effect_counts() -> None:
    """Not the last to arrive."""
    late = said(GIVEN, NOON, number=2, recorded_at=NOON + DAY)
    assert fold([said(REFUSED, NOON + HOUR), late])["analytics"].status is REFUSED


@pytest.mark.parametrize("protective", [REFUSED, WITHDRAWN])
@pytest.mark.parametrize("first", [True, False])
def test_at_equal_times_the_protective_event_wins(protective: Status, first: bool) -> None:
    """Whichever arrived first, and whichever id is the greater."""
    numbers = (1, 2) if first else (2, 1)
    history = [said(protective, number=numbers[0]), said(GIVEN, number=numbers[1], recorded_at=NOON + HOUR)]
    assert {fold(order)["analytics"].status for order in permutations(history)} == {protective}


def test_two_equal_events_are_told_apart_by_when_they_were_learnt() -> None:
    """So that the projection names one entry, always the same."""
    history = [said(number=9), said(number=1, recorded_at=NOON + HOUR)]
    assert {fold(order)["analytics"].entry_id.int for order in permutations(history)} == {1}


def test_purposes_stand_apart() -> None:
    """A withdrawal of one purpose leaves another as it was."""
    states = fold(
        [said(GIVEN), said(GIVEN, number=2, purpose="personalization"), said(WITHDRAWN, NOON + HOUR, number=3)]
    )
    assert {purpose: state.status for purpose, state in states.items()} == {
        "analytics": WITHDRAWN,
        "personalization": GIVEN,
    }


def test_the_state_carries_what_its_event_said() -> None:
    """Time, end, notice and privacy signal are those of the event that counts."""
    event = said(GIVEN, NOON, number=7, valid_until=NOON + DAY, gpc=True)
    state = fold([event])["analytics"]
    assert (state.entry_id, state.effective_at, state.valid_until) == (event.entry_id, NOON, NOON + DAY)
    assert (state.notice_id, state.notice_version, state.gpc) == ("shop", "1.0", True)


@pytest.mark.parametrize(
    ("history", "hours"),
    [
        ([said(GIVEN)], 0),
        ([said(GIVEN, recorded_at=NOON + 2 * HOUR)], 2),
        ([said(GIVEN), said(GIVEN, NOON + 5 * HOUR, number=2)], 0),
        ([said(GIVEN), said(WITHDRAWN, NOON + HOUR, number=2), said(GIVEN, NOON + 3 * HOUR, number=3)], 3),
        ([said(GIVEN), said(REFUSED, NOON + HOUR, number=2), said(GIVEN, NOON + 3 * HOUR, number=3)], 3),
        ([said(GIVEN, valid_until=NOON + HOUR), said(GIVEN, NOON + 3 * HOUR, number=2)], 3),
        ([said(GIVEN, valid_until=NOON + 3 * HOUR), said(GIVEN, NOON + 3 * HOUR, number=2)], 3),
        ([said(GIVEN, valid_until=NOON + 4 * HOUR), said(GIVEN, NOON + 3 * HOUR, number=2)], 0),
        ([said(GIVEN, NOON + 3 * HOUR), said(GIVEN, NOON, number=2, recorded_at=NOON + 4 * HOUR)], 3),
    ],
    ids=[
        "one grant",
        "a grant learnt late counts from when it was learnt",
        "a renewal goes on",
        "a withdrawal breaks it",
        "a refusal breaks it",
        "an expiry breaks it",
        "an expiry at the very instant breaks it",
        "a renewal before the expiry goes on",
        "an older grant that arrives late does not reach back",
    ],
)
def test_since_when_a_run_of_grants_is_on_record(history: list[Said], hours: int) -> None:
    """What was recorded before the run of grants began is not readable."""
    assert fold(history)["analytics"].given_since == NOON + hours * HOUR


@pytest.mark.parametrize("status", [REFUSED, WITHDRAWN])
def test_what_is_not_given_is_not_given_since(status: Status) -> None:
    """There is no beginning of a permission that does not exist."""
    assert fold([said(GIVEN), said(status, NOON + HOUR, number=2)])["analytics"].given_since is None
