"""Where a request may go, and who may move it there (docs/rights-requests.md)."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from uuid import UUID

from service.rights.model import RequestUnknown, Right, RightsRequest, State

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
UNSERVED = FINAL - SERVED
UNVERIFIED = frozenset({State.RECEIVED, State.VERIFYING})
PACKAGED = frozenset({Right.ACCESS, Right.PORTABILITY})
"""The rights that are served by a package."""


def found(request: RightsRequest | None) -> RightsRequest:
    """The request; raises `RequestUnknown`."""
    if request is None:
        raise RequestUnknown("GET /v1/rights/requests lists those that there are.")
    return request


class Vouched(Enum):
    """What an officer's note means for a request."""

    COUNTS = "counts"
    NOTHING_LEFT = "nothing left"
    APPROVED = "approved"
    ENDED = "ended"


def vouching(request: RightsRequest) -> Vouched:
    """Whether a note verifies what a request names: after an approval nothing may be added to it (R6)."""
    if request.state in UNSERVED:
        return Vouched.ENDED
    if not request.unverified and request.state not in UNVERIFIED:
        return Vouched.NOTHING_LEFT
    return Vouched.APPROVED if request.approved_by else Vouched.COUNTS


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


class Extension(Enum):
    """What becomes of more time for a request."""

    GRANTED = "granted"
    EXTENDED_BEFORE = "extended before"
    TOO_LATE = "too late"
    ENDED = "ended"


def extending(request: RightsRequest, now: datetime) -> Extension:
    """Whether a request may take two more months: once, and before its first month is over (R2)."""
    if request.state in FINAL:
        return Extension.ENDED
    if request.extended_at is not None:
        return Extension.EXTENDED_BEFORE
    return Extension.GRANTED if now < request.due_at else Extension.TOO_LATE


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
