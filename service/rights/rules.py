"""When an answer is due, and who may move a request how far (DESIGN section 8)."""

from calendar import monthrange
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from service.rights.model import RequestUnknown, Right, RightsRequest, State

SATURDAY = 5
DECEMBER = 12


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


def approving(request: RightsRequest, officer_id: str) -> Approving:
    """Whether this officer's approval counts now: not of their own filing, and not before it is verified (R6)."""
    if request.filed_by == officer_id:
        return Approving.FILED_BY_THEM
    match request.state:
        case State.VERIFYING:
            return Approving.NOT_VERIFIED
        case State.OPEN:
            return Approving.COUNTS
        case State.RUNNING | State.COMPLETED | State.COMPLETED_WITH_EXCEPTIONS:
            return Approving.NO_LONGER_NEEDED


def after_approval(approved_by: set[UUID], needed: int) -> State:
    """Where an open request stands once these officers have approved it."""
    return State.RUNNING if len(approved_by) >= needed else State.OPEN


class Fetching(Enum):
    """Whether there is a package to fetch."""

    READY = "ready"
    SERVED = "served"
    NOT_APPROVED = "not approved"
    NEVER = "never"


def fetching(request: RightsRequest) -> Fetching:
    """Whether the request is one of access, approved, and not served yet: later there would be other data in it."""
    if request.right is not Right.ACCESS:
        return Fetching.NEVER
    match request.state:
        case State.VERIFYING | State.OPEN:
            return Fetching.NOT_APPROVED
        case State.RUNNING:
            return Fetching.READY
        case State.COMPLETED | State.COMPLETED_WITH_EXCEPTIONS:
            return Fetching.SERVED
