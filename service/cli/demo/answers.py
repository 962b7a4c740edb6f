"""What the demo reads of the service's answers (API.md); it looks from outside and shares no code with them."""

from datetime import datetime

from msgspec import Struct


class NoticeShown(Struct, frozen=True):
    """Which text was shown."""

    id: str
    version: str
    language: str


class PurposeToAsk(Struct, frozen=True):
    """A purpose of a notice."""

    id: str
    legal_basis: str


class NoticeToShow(Struct, frozen=True):
    """What to ask on a site."""

    notice: NoticeShown
    purposes: list[PurposeToAsk]


class RecordedPurpose(Struct, frozen=True):
    """What was recorded for one purpose."""

    status: str
    valid_until: datetime | None


class Recorded(Struct, frozen=True):
    """What was recorded for whom."""

    subject_id: str | None
    records: list[RecordedPurpose]


class Verdict(Struct, frozen=True):
    """Whether a purpose may be pursued, and why."""

    allowed: bool
    reason: str


class Checked(Struct, frozen=True):
    """The verdicts by purpose."""

    results: dict[str, Verdict]


class Outcome(Struct, frozen=True):
    """What became of a touchpoint."""

    outcome: str
    reason: str = ""


class Outcomes(Struct, frozen=True):
    """What became of touchpoints, in order."""

    outcomes: list[Outcome]


class Decision(Struct, frozen=True):
    """How a placement was filled."""

    mode: str
    stage: str | None


class Decisions(Struct, frozen=True):
    """How placements were filled."""

    decisions: list[Decision]


class Progress(Struct, frozen=True):
    """Where a rights request stands."""

    request_id: str
    state: str


class Certified(Struct, frozen=True):
    """The proof of an erasure."""

    request_id: str
    certificate: str


class Problem(Struct, frozen=True):
    """Why something was refused."""

    title: str
    detail: str = ""
    type: str = ""
