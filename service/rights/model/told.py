"""What is stored of a request, and what is told of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.rights.model.asked import Refusal, Right, State, Verification
from service.subjects.model import Identifier


class Progress(Struct, frozen=True):
    """Where a request stands and when the answer is due: the same for people who are known and who are not."""

    request_id: UUID
    state: State
    due_at: datetime


class Refused(Progress, frozen=True):
    """What a refused person is told: the reason, and the ways to complain, in their language (Art. 12(4))."""

    reason: Refusal
    text: str
    ways_to_complain: list[str]


class Ending(Progress, frozen=True):
    """When a restriction ends: `lifted`, or not before a time, the person having been told (Art. 18(3))."""

    lifted: bool
    lifts_at: datetime


class RightsRequest(Struct, frozen=True):
    """A request as it is stored, without what is sealed. No lookups once it has been emptied.

    `lookups` are of identifiers whose holder was verified; about those in `unverified` nothing is done.
    """

    request_id: UUID
    right: Right
    state: State
    language: str
    lookups: Sequence[bytes]
    filed_by: str
    received_at: datetime
    due_at: datetime
    verified_by: str | None
    verified_at: datetime | None
    completed_at: datetime | None
    certificate: str | None
    approved_by: Sequence[UUID]
    unverified: Sequence[bytes] = ()
    purposes: Sequence[str] = ()
    extended_at: datetime | None = None
    refusal: Refusal | None = None
    closed_at: datetime | None = None
    lifts_at: datetime | None = None

    @property
    def progress(self) -> Progress:
        """Where the request stands, for whoever filed it; that no code could be sent would tell who is known (R4)."""
        state = State.VERIFYING if self.state is State.RECEIVED else self.state
        return Progress(request_id=self.request_id, state=state, due_at=self.due_at)


class Sealed(Struct, frozen=True):
    """The sealed columns of a request."""

    details: bytes | None = None
    verification: bytes | None = None
    replacement: bytes | None = None
    grounds: bytes | None = None
    address: bytes | None = None
    identifiers: bytes | None = None
    extension: bytes | None = None
    refusal_text: bytes | None = None


class RequestShown(Struct, frozen=True):
    """A request for officers. It names nobody but those who handle it."""

    request_id: UUID
    right: Right
    state: State
    language: str
    filed_by: str
    received_at: datetime
    due_at: datetime
    verified_by: str | None
    verified_at: datetime | None
    approved_by: list[UUID]
    approvals_needed: int
    completed_at: datetime | None
    overdue: bool
    purposes: list[str]
    extended_at: datetime | None
    refusal: Refusal | None
    closed_at: datetime | None
    lifts_at: datetime | None


class RequestOpened(RequestShown, frozen=True):
    """A request for who decides on it: what was written, how it was verified, as how many people they are known.

    `unverified` is how many more identifiers it names whose holder nobody has verified.
    """

    subjects: int
    unverified: int
    details: str | None
    verification: Verification | None
    replacement: Identifier | None
    grounds: str | None
    extension: str | None
    refusal_text: str | None


class RequestsShown(Struct, frozen=True):
    """One page of requests, the most urgent first; `next` is the cursor of the page after it, if there is one."""

    requests: list[RequestShown]
    next: str | None


class Certified(Struct, frozen=True):
    """The proof that an erasure was done: a JWS that anyone can check against `/.well-known/jwks.json`."""

    request_id: UUID
    certificate: str
