"""The nouns of the journey."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from service.kernel.body import Instant
from service.kernel.problem import Problem
from service.policy.expression import Value
from service.subjects.model import Identifier

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
ShortText = Annotated[str, Meta(min_length=1, max_length=200)]


class Touchpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """One contact between a person and the brand, online or offline."""

    event: Name
    channel: Name
    occurred_at: Instant
    subject: Identifier | None = None
    id: ShortText | None = None
    sentiment: Annotated[int, Meta(ge=-2, le=2)] | None = None
    properties: Annotated[dict[ShortText, ShortText | int | float | bool], Meta(max_length=20)] | None = None


class Touchpoints(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 500 contacts at once, all checked before any is kept."""

    touchpoints: Annotated[list[Touchpoint], Meta(min_length=1, max_length=500)]


class Outcome(Struct, frozen=True):
    """What became of a touchpoint; the reason why it was not stored is that of the check.

    `counted`: one more on its day, with nothing of whose it was.
    """

    outcome: Literal["stored", "counted", "dropped", "duplicate"]
    reason: str | UnsetType = UNSET


class Outcomes(Struct, frozen=True):
    """What became of each touchpoint, in order."""

    outcomes: list[Outcome]


class PositionQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """A question: where is this person in a journey."""

    subject: Identifier | None = None
    journey: ShortText | None = None


class Position(Struct, frozen=True):
    """The stage that the evidence speaks for, since when, and the one before. No stage without evidence."""

    stage: str | None
    since: datetime | None
    evidence: dict[str, float]
    previous: str | None


class Contacts(Struct, frozen=True):
    """A person's contacts of one event on one channel: how many, the last, and when the unexpired ones were."""

    event: str
    channel: str
    count: int
    last: datetime
    recent: list[datetime]


class PastContact(Struct, frozen=True):
    """One contact of a person, when it was recorded, and the purposes that it is kept for."""

    event: str
    channel: str
    occurred_at: datetime
    recorded_at: datetime
    purposes: tuple[str, ...]


Facts = Mapping[str, Value]
"""What is known of a person, by field of the bundle; what is not known is absent."""


class ConsentRequired(Problem):
    """Consent for this journey's purpose is missing."""

    slug = "consent-required"
    status = 403


class JourneyUnknown(Problem):
    """The bundle has no such journey."""

    slug = "journey-unknown"
    status = 422


class TouchpointRefused(Problem):
    """A touchpoint cannot be kept as it is; nothing of the batch was."""

    slug = "touchpoint-refused"
    status = 422
