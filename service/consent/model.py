"""The nouns of consent: what is sent, what is answered, what is stored, and what can be wrong."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from service.kernel.body import Instant
from service.kernel.problem import Problem
from service.subjects.model import Identifier

ShortText = Annotated[str, Meta(min_length=1, max_length=200)]


class Choice(Enum):
    """What a person can say about a purpose."""

    GIVEN = "given"
    REFUSED = "refused"


class Status(Enum):
    """Where consent stands (DPV consent status, ISO/IEC TS 27560)."""

    UNKNOWN = "unknown"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"


class Method(Enum):
    """How a decision was collected. The last three are not a clear affirmative act and can never carry a grant."""

    BANNER = "banner"
    PREFERENCE_CENTER = "preference_center"
    FORM = "form"
    API = "api"
    PHONE = "phone"
    PAPER = "paper"
    IMPORT = "import"
    DISMISS = "dismiss"
    SCROLL = "scroll"
    PRESELECTED = "preselected"


NOT_AN_ACT = frozenset({Method.DISMISS, Method.SCROLL, Method.PRESELECTED})
COLLECTED_ELSEWHERE = frozenset({Method.PAPER, Method.PHONE, Method.IMPORT})


class Reason(Enum):
    """Why a check answers what it answers."""

    CONSENT_GIVEN = "consent_given"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"
    PUBLIC_TASK = "public_task"
    VITAL_INTERESTS = "vital_interests"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    GPC = "gpc"
    UNAVAILABLE = "unavailable"
    RESTRICTED = "restricted"
    OBJECTED = "objected"
    GUARDIAN_REQUIRED = "guardian_required"


class NoticeShown(Struct, frozen=True, forbid_unknown_fields=True):
    """Which text was shown."""

    id: ShortText
    version: ShortText
    language: ShortText


class Guardian(Struct, frozen=True, forbid_unknown_fields=True):
    """Who agreed for a minor, and how the site made sure of it (Art. 8(2))."""

    identifier: Identifier
    verified_by: ShortText


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's decisions on the purposes of one notice.

    `notice_text`: what was shown where an import comes from; `notice` then says as which version of ours it counts.
    """

    site: ShortText
    decisions: Annotated[dict[ShortText, Choice], Meta(min_length=1, max_length=100)]
    notice: NoticeShown
    method: Method
    subject: Identifier | None = None
    presented: Annotated[str, Meta(max_length=2000)] | None = None
    collected_at: Instant | None = None
    gpc: bool = False
    minor: bool = False
    guardian: Guardian | None = None
    evidence: Annotated[dict[ShortText, Annotated[str, Meta(max_length=1000)]], Meta(max_length=20)] | None = None
    notice_text: Annotated[str, Meta(min_length=1, max_length=100_000)] | None = None


class Withdrawal(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's withdrawal: some purposes, or all."""

    purposes: Annotated[list[ShortText], Meta(min_length=1, max_length=100)] | Literal["all"]
    site: ShortText
    subject: Identifier | None = None


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """A question: may this person's data be used for these purposes."""

    subject: Identifier
    purposes: Annotated[list[ShortText], Meta(max_length=100)]
    at: Instant | None = None
    known_at: Instant | None = None
    gpc: bool = False


class Questions(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 questions at once."""

    checks: Annotated[list[Question], Meta(min_length=1, max_length=1000)]


class Said(Struct, frozen=True):
    """One event of a person's history with a purpose, as the ledger has it.

    `link`: the link that brought it, if another subject said it; `until`: when that link was undone, if it was.
    """

    entry_id: UUID
    purpose: str
    status: Status
    effective_at: datetime
    recorded_at: datetime
    valid_until: datetime | None
    notice_id: str
    notice_version: str
    gpc: bool
    guardian_missing: bool = False
    link: UUID | None = None
    until: datetime | None = None


class ConsentState(Struct, frozen=True):
    """Where a purpose stands: the last effective event, and since when the unbroken run of grants is on record."""

    purpose: str
    status: Status
    entry_id: UUID
    effective_at: datetime
    valid_until: datetime | None
    given_since: datetime | None
    notice_id: str
    notice_version: str
    gpc: bool
    guardian_missing: bool = False


class Objection(Struct, frozen=True):
    """The last objection to a purpose. `direct_marketing`: it was that then, so that it covers all such purposes."""

    entry_id: UUID
    purpose: str
    effective_at: datetime
    direct_marketing: bool
    link: UUID | None = None
    until: datetime | None = None


class Standing(Struct, frozen=True):
    """All that the check needs of one subject, read in one statement. `linked`: it was found through a link."""

    subject_id: UUID
    revision: int
    states: Mapping[str, ConsentState]
    objections: Sequence[Objection] = ()
    restriction: UUID | None = None
    linked: bool = False


class NoticeVersion(Struct, frozen=True):
    """The notice that a decision was made on."""

    id: str
    version: str


class Permission(Struct, frozen=True):
    """Whether a purpose may be pursued for a subject now, and why."""

    allowed: bool
    reason: Reason
    status: Status = Status.UNKNOWN
    proof: UUID | None = None
    valid_until: datetime | None = None
    notice: NoticeVersion | None = None


class Checked(Struct, frozen=True):
    """The answer to a question, by purpose."""

    results: dict[str, Permission]


class CheckedOne(Struct, frozen=True):
    """The answer to one question of a batch: results by purpose, or the problem why there are none."""

    results: dict[str, Permission] | UnsetType = UNSET
    problem: dict[str, object] | UnsetType = UNSET


class CheckedAll(Struct, frozen=True):
    """The answers to a batch, in order."""

    results: list[CheckedOne]


class RecordedPurpose(Struct, frozen=True, omit_defaults=True):
    """What was recorded for one purpose.

    `dormant`: for the browser's own subject; while its cookie is linked to a known one it counts for nothing.
    """

    entry_id: UUID
    purpose: str
    status: Status
    effective_at: datetime
    recorded_at: datetime
    valid_until: datetime | None
    dormant: bool = False


class Recorded(Struct, frozen=True):
    """What was recorded, with the receipt that the subject keeps; nobody where there was nothing to withdraw.

    `receipt` is null where nothing is new: an import that is on record already names the entries that it has.
    """

    subject_id: UUID | None
    records: list[RecordedPurpose]
    receipt: str | None


class Cookie(Struct, frozen=True):
    """A cookie value of this service."""

    value: str


class SiteUnknown(Problem):
    """The bundle has no such site."""

    slug = "site-unknown"
    status = 404


class NoticeUnknown(Problem):
    """The site never had such a notice."""

    slug = "notice-unknown"
    status = 404


class RecordRefused(Problem):
    """This cannot be recorded as consent."""

    slug = "record-refused"
    status = 422


class QuestionRefused(Problem):
    """The question cannot be answered."""

    slug = "question-refused"
    status = 422


class NoticeSuperseded(Problem):
    """The notice that was shown has been replaced by a new major version."""

    slug = "notice-superseded"
    status = 409


class CheckUnavailable(Problem):
    """What people said cannot be told now, so nothing is allowed."""

    slug = "check-unavailable"
    status = 503
