"""The nouns of decisions."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from service.decisioning.explanation.model import Explanation
from service.kernel.problem import Problem
from service.policy.model import Calendar, Cap, Field, Offer, Placement, Window

ShortText = Annotated[str, Meta(min_length=1, max_length=200)]


class Mode(Enum):
    """How far consent let a decision go. The ladder goes down only."""

    PROFILED = "profiled"
    CONTEXTUAL = "contextual"
    FALLBACK = "fallback"


class Reason(Enum):
    """Why this offer, in OpenFeature's words and four of our own."""

    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    CONSENT = "CONSENT"
    CAPPED = "CAPPED"
    HOLDOUT = "HOLDOUT"
    FALLBACK = "FALLBACK"


Unsuited = Literal["calendar", "stage", "rule"]
"""Why an offer does not suit a person here and now."""


class Exclusion(Enum):
    """Why an offer is out that consent, calendar, stage and rule would let in; in the order of the pipeline."""

    DISMISSED = "dismissed"
    CAPPED = "capped"
    SHOWN = "shown_already"


class Counted(Struct, frozen=True):
    """A cap as it concerns one offer, group or placement; its counter is called `name`."""

    cap: Cap
    name: str


class Slot(Struct, frozen=True):
    """A placement with the offers that consent leaves for it, the best first, and what they look at.

    `by_stage` has those that a stage does not rule out; under None, those that none does.
    For who is held out those are service messages alone; the purposes are those of all that would compete otherwise.
    `stopped_by` has the offers that a full counter stops, by its name; `same_as` those that say the same as an offer or
    a group, by its name; of `exempt` ones neither caps nor dismissals speak. `shared`: some caps count for everybody.
    """

    placement: Placement
    offers: tuple[Offer, ...]
    withheld: bool
    held_out: bool
    purposes: frozenset[str]
    reads: frozenset[str]
    personal: tuple[Field, ...]
    staged: tuple[str, ...]
    calendars: tuple[Calendar, ...]
    by_stage: Mapping[str | None, tuple[Offer, ...]]
    exempt: frozenset[str]
    shared: bool
    caps: Mapping[str, tuple[Counted, ...]]
    stopped_by: Mapping[str, tuple[str, ...]]
    same_as: Mapping[str, tuple[str, ...]]


class Input(Struct, frozen=True):
    """A value that a decision was made on (a date as text), and the purpose that reading it served.

    Without a purpose it came with the request.
    """

    value: str | int | float | bool
    purpose: str | None


class Draw(Struct, frozen=True):
    """How an offer was drawn: with `u` (0 to 1) among weights, by a table of chances (None: by the bundle alone)."""

    u: float
    table: UUID | None
    weights: Mapping[str, float]


class Inputs(Struct, frozen=True):
    """All that a decision rests on beside the bundle: with it, as of `asked_at`, it can be made again (D6, D11).

    `excluded` has the offers that were out for a reason which bundle, facts and time do not tell.
    """

    facts: Mapping[str, Input]
    allowed: tuple[str, ...]
    excluded: Mapping[str, Exclusion] = {}
    draw: Draw | None = None
    held_out: bool = False
    asked_at: datetime | None = None


class Remembered(Struct, frozen=True):
    """What earlier decisions leave: names of offers and groups that were dismissed, and of counters that are full."""

    dismissed: frozenset[str] = frozenset()
    full: frozenset[str] = frozenset()


class Choice(Struct, frozen=True):
    """Which offer fills a slot, why, and with which probability it was going to be this one.

    `weights`: those of the offers that were left, where one of them was drawn.
    """

    slot: Slot
    offer: Offer
    mode: Mode
    reason: Reason
    propensity: float = 1.0
    weights: Mapping[str, float] = {}


class Filled(Struct, frozen=True):
    """A choice, with what was out when it was made and how it was drawn."""

    choice: Choice
    excluded: Mapping[str, Exclusion]
    draw: Draw | None


class Verdict(Struct, frozen=True):
    """What became of one offer of a placement, and with which probability it was going to be shown."""

    offer: str
    verdict: Unsuited | Literal["shown", "outranked", "purpose", "held_out", "dismissed", "capped", "shown_already"]
    chance: float = 0.0


class Decided(Struct, frozen=True):
    """A profiled choice as it is stored. `caps` are those that it counts for."""

    decision_id: UUID
    choice: Choice
    stage: str | None
    proof: tuple[UUID, ...]
    inputs: bytes
    learnable: bool = False
    caps: tuple[Counted, ...] = ()


class Page(Struct, frozen=True):
    """The profiled decisions of one request on their way into the database, with what was read before they were made.

    `counted` is what its other decisions count in for everybody together, of whom nothing is known.
    `ends` are the instants from which the consents used are expired; `decided_at` is None until the database says.
    `grants`: the purposes that are allowed, and since when what is kept for them counts (None: ever).
    """

    subject_id: UUID
    revision: int | None
    ends: tuple[datetime, ...]
    site: str
    bundle: str
    decided_at: datetime | None
    decisions: tuple[Decided, ...]
    grants: Mapping[str, datetime | None] = {}
    windows: Mapping[Window, datetime] = {}
    counted: tuple[Counted, ...] = ()


class Kept(Struct, frozen=True):
    """What became of a page: kept at a time, or what was read holds no longer (None), or these counters are full."""

    decided_at: datetime | None
    full: frozenset[str] = frozenset()


class OfferShown(Struct, frozen=True, omit_defaults=True):
    """An offer in the reader's language. With a `personalised_price` its content has the `disclosure` of it (D15)."""

    id: str
    content: Mapping[str, str]
    personalised_price: bool = False


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
    token: str | None = None
    explanation: Explanation | None = None


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
    explain: bool = False


class DecisionRefused(Problem):
    """The decision cannot be made as it was asked."""

    slug = "decision-refused"
    status = 422
