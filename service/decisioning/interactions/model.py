"""The nouns of interactions."""

from collections.abc import Set
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from service.kernel.body import Instant
from service.kernel.problem import Problem

Event = Literal["impression", "click", "conversion", "dismissal"]
TokenText = Annotated[str, Meta(min_length=1, max_length=2000)]


class Interaction(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a decision, named by the token that came with it; without a time it is now."""

    token: TokenText
    event: Event
    occurred_at: Instant | None = None


class Interactions(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 500 interactions at once, all checked before any is kept."""

    interactions: Annotated[list[Interaction], Meta(min_length=1, max_length=500)]


class InteractionOutcome(Struct, frozen=True):
    """What became of an interaction; the reason is that of the check, or `token` for a token that is refused."""

    outcome: Literal["stored", "dropped", "duplicate"]
    reason: str | UnsetType = UNSET


class InteractionOutcomes(Struct, frozen=True):
    """What became of each interaction, in order."""

    outcomes: list[InteractionOutcome]


class Kept(Struct, frozen=True):
    """An interaction as it is stored. `shown`, `succeeded`: whether the arms count that by it."""

    subject_id: UUID
    decision_id: UUID
    event: Event
    placement: str
    offer: str
    stage: str
    occurred_at: datetime | None
    purposes: tuple[str, ...]
    shown: bool
    succeeded: bool


class Past(Struct, frozen=True):
    """What became of a decision before: its events, and whether the arms count it as shown and as a success."""

    events: Set[str] = frozenset()
    shown: bool = False
    succeeded: bool = False


class InteractionRefused(Problem):
    """An interaction cannot be kept as it is; nothing of the batch was."""

    slug = "interaction-refused"
    status = 422
