"""The nouns of decisions."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem
from service.policy.expression import Value
from service.policy.model import Offer, Placement

ShortText = Annotated[str, Meta(min_length=1, max_length=200)]


class Mode(Enum):
    """How far consent let a decision go. The ladder goes down only."""

    PROFILED = "profiled"
    CONTEXTUAL = "contextual"
    FALLBACK = "fallback"


class Reason(Enum):
    """Why this offer, in OpenFeature's words and two of our own."""

    TARGETING_MATCH = "TARGETING_MATCH"
    CONSENT = "CONSENT"
    FALLBACK = "FALLBACK"


class Slot(Struct, frozen=True):
    """A placement with the offers that consent leaves for it, their purposes, and the fields that they look at."""

    placement: Placement
    offers: tuple[Offer, ...]
    withheld: bool
    purposes: frozenset[str]
    reads: frozenset[str]


class Choice(Struct, frozen=True):
    """Which offer fills a slot, and why."""

    slot: Slot
    offer: Offer
    mode: Mode
    reason: Reason


class Input(Struct, frozen=True):
    """A value that a decision was made on, and the purpose that reading it served (None: it came with the request)."""

    value: Value
    purpose: str | None


class Decided(Struct, frozen=True):
    """A profiled choice as it is stored."""

    decision_id: UUID
    choice: Choice
    stage: str | None
    proof: tuple[UUID, ...]
    propensity: float
    inputs: bytes


class Page(Struct, frozen=True):
    """The profiled decisions of one request on their way into the database, with what was read before they were made.

    `ends` are the instants from which the consents used are expired; `decided_at` is None until the database says.
    """

    subject_id: UUID
    revision: int
    ends: tuple[datetime, ...]
    site: str
    bundle: str
    decided_at: datetime | None
    decisions: tuple[Decided, ...]


class OfferShown(Struct, frozen=True):
    """An offer in the reader's language."""

    id: str
    content: Mapping[str, str]


class DecisionMade(Struct, frozen=True):
    """What fills one placement, and why. Only a profiled decision has an id: the others leave no trace."""

    decision_id: UUID | None
    placement: str
    mode: Mode
    reason: Reason
    stage: str | None
    offer: OfferShown
    propensity: float
    proof: list[UUID]
    bundle: str
    token: None = None
    explanation: None = None


class DecisionsMade(Struct, frozen=True):
    """What fills each placement, in the order in which they were asked."""

    decisions: list[DecisionMade]


class Situation(Struct, frozen=True):
    """What a request brings with it: where, which placements, what the page knows, in which language."""

    site: str
    placements: list[str]
    context: dict[str, Any]
    language: str | None
    gpc: bool


class DecisionRefused(Problem):
    """The decision cannot be made as it was asked."""

    slug = "decision-refused"
    status = 422
