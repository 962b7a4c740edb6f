"""How far a request may be moved, and by whom."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from service.rights.model import Right, RightsRequest, State
from service.rights.rules import FINAL, MOVES, Approving, Fetching, approving, enough, fetching

ONE, OTHER = UUID(int=1), UUID(int=2)
RECEIVED = datetime(2026, 3, 2, tzinfo=UTC)


def _request(state: State, *, right: Right = Right.ACCESS, filed_by: str = "a key") -> RightsRequest:
    return RightsRequest(
        request_id=UUID(int=9),
        right=right,
        state=state,
        language="en",
        lookups=(),
        filed_by=filed_by,
        received_at=RECEIVED,
        due_at=RECEIVED,
        verified_by=None,
        verified_at=None,
        completed_at=None,
        certificate=None,
        approved_by=(),
    )


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (State.RECEIVED, Approving.NOT_VERIFIED),
        (State.VERIFYING, Approving.NOT_VERIFIED),
        (State.OPEN, Approving.COUNTS),
        (State.RUNNING, Approving.NO_LONGER_NEEDED),
        (State.COMPLETED, Approving.NO_LONGER_NEEDED),
        (State.COMPLETED_WITH_EXCEPTIONS, Approving.NO_LONGER_NEEDED),
        (State.REFUSED, Approving.ENDED),
        (State.CANCELLED, Approving.ENDED),
        (State.ABANDONED, Approving.ENDED),
    ],
)
def test_an_approval_counts_only_for_an_open_request(state: State, verdict: Approving) -> None:
    """An approval counts once the person is verified, and is not needed once enough officers have approved."""
    assert approving(_request(state), str(ONE)) is verdict


@pytest.mark.parametrize("state", list(State))
def test_who_filed_a_request_never_approves_it(state: State) -> None:
    """The officer who filed a request is refused in whatever state it is."""
    assert approving(_request(state, filed_by=str(ONE)), str(ONE)) is Approving.FILED_BY_THEM


@pytest.mark.parametrize(
    ("approved_by", "needed", "runs"),
    [({ONE}, 1, True), ({ONE}, 2, False), ({ONE, OTHER}, 2, True), ({ONE, OTHER}, 1, True)],
)
def test_a_request_runs_once_enough_different_officers_approved(
    approved_by: set[UUID], needed: int, runs: bool
) -> None:
    """A request runs when as many different officers have approved as the bundle asks for."""
    assert enough(approved_by, needed) is runs


def test_every_request_can_end_and_what_ended_stays_so() -> None:
    """From every state there is a way to an end, no way leads back, and nothing leaves an end."""
    reachable = {state: _beyond(state) for state in State}
    assert all(state in FINAL or beyond & FINAL for state, beyond in reachable.items())
    assert not any(state in beyond for state, beyond in reachable.items())
    assert not any(MOVES[state] for state in FINAL)


def _beyond(state: State) -> set[State]:
    return set(MOVES[state]).union(*(_beyond(following) for following in MOVES[state]))


@pytest.mark.parametrize(
    ("right", "state", "verdict"),
    [
        (Right.ACCESS, State.VERIFYING, Fetching.NOT_APPROVED),
        (Right.ACCESS, State.OPEN, Fetching.NOT_APPROVED),
        (Right.ACCESS, State.RUNNING, Fetching.READY),
        (Right.ACCESS, State.COMPLETED, Fetching.SERVED),
        (Right.ACCESS, State.REFUSED, Fetching.ENDED),
        (Right.PORTABILITY, State.RUNNING, Fetching.READY),
        (Right.ERASURE, State.COMPLETED, Fetching.NEVER),
        (Right.ERASURE, State.OPEN, Fetching.NEVER),
    ],
)
def test_only_an_approved_access_request_has_a_package(right: Right, state: State, verdict: Fetching) -> None:
    """There is a package for access alone, from approval on until it was fetched whole."""
    assert fetching(_request(state, right=right)) is verdict
