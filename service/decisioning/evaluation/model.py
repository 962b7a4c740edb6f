"""The nouns of evaluation: a decision as it was stored, and what a log says of a policy that did not make it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from service.decisioning.model import Inputs
from service.policy.model import Bundle

Doubt = Literal["unmatched", "propensities", "few", "successes", "weights", "uncovered", "surplus"]
"""What makes an estimate worth less than it looks; `rules.doubts` says when."""


class Period(Struct, frozen=True):
    """Which decisions are meant: from `since` on and before `until`, on some placements (None: on all)."""

    since: datetime
    until: datetime
    placements: Sequence[str] | None = None


class Stored(Struct, frozen=True):
    """A decision as the database has it, with what became of it; without inputs where their purposes have ended."""

    subject_id: UUID
    placement: str
    offer: str
    purposes: Sequence[str]
    propensity: float
    learnable: bool
    bundle: str
    inputs: bytes | None
    decided_at: datetime
    events: Sequence[str]


class Past(Struct, frozen=True):
    """A decision that may be made again: by which bundle it was made, on what, and when it was asked."""

    stored: Stored
    bundle: Bundle
    inputs: Inputs

    @property
    def asked_at(self) -> datetime:
        """When it was asked."""
        return self.inputs.asked_at or self.stored.decided_at


class Interval(Struct, frozen=True):
    """Where the middle 95 % of repetitions lie."""

    low: float
    high: float


class Rate(Struct, frozen=True):
    """A share of decisions that succeeded; without an interval where nothing was repeated."""

    value: float
    interval: Interval | None


class Estimate(Struct, frozen=True):
    """What a log says of the policy asked about. Rates are None where no decision could be weighed.

    `left_out`: decisions of which nobody knows how probable they were. `matched`: decisions that the policy may have
    made too. `effective`: how many decisions of its own they are worth. `mean_weight` is near one where the log shows
    whatever the policy would; `heavy` decisions weigh more than `rules.HEAVY`.
    """

    placement: str | None
    decisions: int
    left_out: int
    successes: int
    matched: int
    matched_successes: int
    effective: float
    mean_weight: float
    largest_weight: float
    heavy: int
    logged: Rate | None
    ips: Rate | None
    snips: Rate | None
    doubts: tuple[Doubt, ...]
