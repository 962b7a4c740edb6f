"""The nouns of decisions."""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem
from service.policy.model import Offer, Placement

ShortText = Annotated[str, Meta(min_length=1, max_length=200)]


class Mode(Enum):
    """How far consent let a decision go. The ladder goes down only."""

    PROFILED = "profiled"
    CONTEXTUAL = "contextual"
    FALLBACK = "fallback"


class Reason(Enum):
    """Why this offer, in OpenFeature's words and three of our own."""

    TARGETING_MATCH = "TARGETING_MATCH"
    CONSENT = "CONSENT"
    FALLBACK = "FALLBACK"


class Choice(Struct, frozen=True):
    """Which offer fills a placement, and what was used to say so."""

    placement: Placement
    offer: Offer
    mode: Mode
    reason: Reason
    purposes: frozenset[str] = frozenset()


class Decided(Struct, frozen=True):
    """A profiled choice as it is stored."""

    decision_id: UUID
    choice: Choice
    stage: str | None
    proof: tuple[UUID, ...]
    propensity: float
    inputs: bytes


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
