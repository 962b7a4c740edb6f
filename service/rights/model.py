"""The nouns of rights: what is asked, what is answered, what is stored, and what can be wrong."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem
from service.subjects.model import Identifier

LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
"""A language and perhaps a country. Nobody is refused for theirs: what we cannot write in it, we write in English."""

FreeText = Annotated[str, Meta(min_length=1, max_length=4000)]


class Right(Enum):
    """Which right is exercised (Art. 15, 20, 17, 16, 18, 21)."""

    ACCESS = "access"
    PORTABILITY = "portability"
    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


class State(Enum):
    """Where a request stands; `rules.MOVES` says where it may go from there."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    OPEN = "open"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_EXCEPTIONS = "completed_with_exceptions"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


class Refusal(Enum):
    """For which reasons a request may be refused; there are no others (Art. 11(2), 12(5), 15(4), 17(3), 18, 21(1))."""

    IDENTITY_NOT_VERIFIED = "identity_not_verified"
    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"
    EXCESSIVE = "excessive"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGAL_CLAIMS = "legal_claims"
    FREEDOM_OF_EXPRESSION = "freedom_of_expression"
    PUBLIC_INTEREST = "public_interest"
    THIRD_PARTY_RIGHTS = "third_party_rights"
    NOT_APPLICABLE = "not_applicable"


class Verification(Struct, frozen=True, forbid_unknown_fields=True):
    """How the site has made sure that the person is who they say."""

    method: Annotated[str, Meta(min_length=1, max_length=200)]
    note: FreeText | None = None

    def __repr__(self) -> str:
        return "Verification(…)"


class Filing(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's request. A browser names nobody: it asks for the subject of its own cookie."""

    right: Right
    language: LanguageTag
    identifiers: Annotated[list[Identifier], Meta(max_length=20)] = []
    details: FreeText | None = None
    verified: Verification | None = None

    def __repr__(self) -> str:
        return f"Filing({self.right.value}, …)"


class Vouching(Struct, frozen=True, forbid_unknown_fields=True):
    """How an officer has made sure that the person is who they say."""

    note: FreeText

    def __repr__(self) -> str:
        return "Vouching(…)"


class Progress(Struct, frozen=True):
    """Where a request stands and when the answer is due: the same for people who are known and who are not."""

    request_id: UUID
    state: State
    due_at: datetime


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


class RequestOpened(RequestShown, frozen=True):
    """A request for who decides on it: what was written, how it was verified, as how many people they are known."""

    subjects: int
    details: str | None
    verification: Verification | None


class RequestsShown(Struct, frozen=True):
    """One page of requests, the most urgent first; `next` is the cursor of the page after it, if there is one."""

    requests: list[RequestShown]
    next: str | None


class Certified(Struct, frozen=True):
    """The proof that an erasure was done: a JWS that anyone can check against `/.well-known/jwks.json`."""

    request_id: UUID
    certificate: str


class RequestUnknown(Problem):
    """There is no such rights request."""

    slug = "rights-request-unknown"
    status = 404


class RequestNotReady(Problem):
    """The rights request is not that far yet."""

    slug = "rights-request-not-ready"
    status = 409


class RequestSettled(Problem):
    """The rights request does not take this step any more."""

    slug = "rights-request-settled"
    status = 409


class ApprovalRefused(Problem):
    """Whoever filed a rights request does not approve it."""

    slug = "approval-refused"
    status = 403


class PackageMissing(Problem):
    """This rights request has no package."""

    slug = "package-missing"
    status = 404


class PackageServed(Problem):
    """The package of this rights request was served."""

    slug = "package-served"
    status = 410


class CertificateMissing(Problem):
    """This rights request has no certificate."""

    slug = "certificate-missing"
    status = 404
