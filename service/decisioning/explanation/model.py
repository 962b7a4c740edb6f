"""The nouns of explanations."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from service.kernel.problem import Problem
from service.policy.expression import Finding, Value

Detail = Literal["person", "full"]
"""For whom: the person, or the marketer, who sees every clause of every candidate."""

InputsAre = Literal["kept", "ended", "restricted"]
"""What became of the values that a decision was made on: a no ends them, a restriction leaves them in storage only."""


Plain = str | int | float | bool | None
"""A value as JSON has it: dates as text, and null where nothing is known."""


def plain(value: Value | None) -> Plain:
    """A value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


class Named(Struct, frozen=True):
    """Something of the bundle, with its title in the reader's language."""

    id: str
    title: str


class InputUsed(Struct, frozen=True):
    """A value that was read, for which purpose (None: it came with the request); null where it was not known."""

    field: str
    title: str
    value: Plain
    purpose: str | None


class PurposeUsed(Struct, frozen=True):
    """A purpose that the decision served, its legal basis, and the ledger entry that allowed it since when."""

    id: str
    title: str
    legal_basis: str
    proof: UUID | None
    since: datetime | None


class ClauseFound(Struct, frozen=True):
    """A part of a rule: its text, the column where it starts, whether it held, and the values that it read."""

    text: str
    column: int
    found: Finding
    values: Mapping[str, Plain]


class Factor(Struct, frozen=True):
    """By how much a rule multiplies an offer's weight, and whether it held."""

    rule: str
    factor: float
    held: bool


class Weighing(Struct, frozen=True):
    """How much an offer weighs in a draw: by its value, its lever and the context, or by a table of chances."""

    value: float
    lever: float
    context: tuple[Factor, ...]
    weight: float


class Candidate(Struct, frozen=True, omit_defaults=True):
    """One offer of the placement and what became of it.

    `clauses` are those by which it failed; with full detail all of them, and the numbers that ranked it too.
    """

    offer: Named
    verdict: str
    text: str
    purposes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    clauses: tuple[ClauseFound, ...] = ()
    priority: int | None = None
    weighing: Weighing | None = None
    probability: float | None = None


class Ranking(Struct, frozen=True):
    """How one of the offers that suited was taken, and how likely the one shown was.

    `u` is where the lot fell (0 to 1), `table` the version of the table of chances; both null where nothing is drawn.
    """

    method: str
    text: str
    propensity: float
    u: float | None
    table: UUID | None


class Change(Struct, frozen=True, omit_defaults=True):
    """One thing that is otherwise: a contact less, none of an event, another value or none, a purpose not agreed to."""

    kind: Literal["contact", "contacts", "value", "absent", "purpose"]
    event: str | None = None
    channel: str | None = None
    occurred_at: datetime | None = None
    number: int | None = None
    field: str | None = None
    value: Plain = None
    purpose: str | None = None


class Counterfactual(Struct, frozen=True):
    """What would have been shown with one change: found by running the very same pipeline on it (CJEU C-203/22)."""

    change: Change
    offer: Named
    mode: str
    reason: str
    text: str


class Explanation(Struct, frozen=True):
    """Why this offer filled this placement, and what would have changed that (Art. 13(2)(f), 15(1)(h))."""

    decision_id: UUID | None
    decided_at: datetime
    language: str
    bundle: str
    placement: Named
    offer: Named
    mode: str
    reason: str
    stage: Named | None
    paragraphs: list[str]
    inputs_are: InputsAre
    inputs: list[InputUsed]
    purposes: list[PurposeUsed]
    candidates: list[Candidate]
    ranking: Ranking | None
    counterfactuals: list[Counterfactual]


class DecisionUnknown(Problem):
    """There is no such decision."""

    slug = "decision-unknown"
    status = 404
