"""When an answer is due, and who may move a request how far (DESIGN section 8)."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from service.rights.model import RequestUnknown, Right, RightsRequest, State

SATURDAY = 5
DECEMBER = 12

ENDINGS = frozenset({State.REFUSED, State.CANCELLED})
"""How a request may end that has not begun to run."""
MOVES: Mapping[State, frozenset[State]] = {
    State.RECEIVED: ENDINGS | {State.OPEN, State.ABANDONED},
    State.VERIFYING: ENDINGS | {State.OPEN, State.ABANDONED},
    State.OPEN: ENDINGS | {State.RUNNING},
    State.RUNNING: frozenset({State.COMPLETED, State.COMPLETED_WITH_EXCEPTIONS}),
    State.COMPLETED: frozenset(),
    State.COMPLETED_WITH_EXCEPTIONS: frozenset(),
    State.REFUSED: frozenset(),
    State.CANCELLED: frozenset(),
    State.ABANDONED: frozenset(),
}
"""Where a request may go from where it stands (docs/rights-requests.md)."""
FINAL = frozenset(state for state, moves in MOVES.items() if not moves)
SERVED = frozenset({State.COMPLETED, State.COMPLETED_WITH_EXCEPTIONS})
UNVERIFIED = frozenset({State.RECEIVED, State.VERIFYING})
PACKAGED = frozenset({Right.ACCESS, Right.PORTABILITY})
"""The rights that are served by a package."""


def due_at(received_at: datetime) -> datetime:
    """One calendar month after receipt (Art. 12(3)), at the same time of day in UTC.

    In a month without such a day its last day; a Saturday or Sunday moves it to Monday (Reg. 1182/71, Art. 3).
    """
    year, month = (received_at.year + received_at.month // DECEMBER, received_at.month % DECEMBER + 1)
    day = min(received_at.day, monthrange(year, month)[1])
    due = received_at.replace(year=year, month=month, day=day)
    return due + timedelta(days=max(0, 7 - due.weekday()) if due.weekday() >= SATURDAY else 0)


def found(request: RightsRequest | None) -> RightsRequest:
    """The request; raises `RequestUnknown`."""
    if request is None:
        raise RequestUnknown("GET /v1/rights/requests lists those that there are.")
    return request


class Approving(Enum):
    """What an officer's approval means for a request."""

    COUNTS = "counts"
    NO_LONGER_NEEDED = "no longer needed"
    NOT_VERIFIED = "not verified"
    FILED_BY_THEM = "filed by them"
    ENDED = "ended"


def approving(request: RightsRequest, officer_id: str) -> Approving:
    """Whether this officer's approval counts now: not of their own filing, and not before it is verified (R6)."""
    if request.filed_by == officer_id:
        return Approving.FILED_BY_THEM
    match request.state:
        case State.RECEIVED | State.VERIFYING:
            return Approving.NOT_VERIFIED
        case State.OPEN:
            return Approving.COUNTS
        case State.RUNNING | State.COMPLETED | State.COMPLETED_WITH_EXCEPTIONS:
            return Approving.NO_LONGER_NEEDED
        case State.REFUSED | State.CANCELLED | State.ABANDONED:
            return Approving.ENDED


def enough(approved_by: set[UUID], needed: int) -> bool:
    """Whether a request runs now that these officers have approved it."""
    return len(approved_by) >= needed


class Fetching(Enum):
    """Whether there is a package to fetch."""

    READY = "ready"
    SERVED = "served"
    NOT_APPROVED = "not approved"
    ENDED = "ended"
    NEVER = "never"


def fetching(request: RightsRequest) -> Fetching:
    """Whether the request is one of access, approved, and not served yet: later there would be other data in it."""
    if request.right not in PACKAGED:
        return Fetching.NEVER
    match request.state:
        case State.RECEIVED | State.VERIFYING | State.OPEN:
            return Fetching.NOT_APPROVED
        case State.RUNNING:
            return Fetching.READY
        case State.COMPLETED | State.COMPLETED_WITH_EXCEPTIONS:
            return Fetching.SERVED
        case State.REFUSED | State.CANCELLED | State.ABANDONED:
            return Fetching.ENDED
