"""The nouns of decisions: fields that rules read, placements, and the offers that may fill them."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from service.policy.expression import Rule, TypeName, Value
from service.policy.model.company import Text

FieldSource = Literal["context", "stage", "persona", "count", "days_since"]
Ranking = Literal["priority", "weighted", "thompson"]
Success = Literal["click", "conversion"]


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """One fact that a rule may read, and the purpose that reading it serves (None: it is not about the person).

    `title` is what an explanation calls it.
    """

    id: str
    type: TypeName
    purpose: str | None
    source: FieldSource
    category: str
    event: str | None = None
    values: tuple[str, ...] = ()
    title: Text | None = None

    def value_of(self, raw: object) -> Value | None:
        """A value from outside (JSON) as this field's type, or None where it is not one; dates are `YYYY-MM-DD`."""
        if self.type == "boolean":
            return raw if isinstance(raw, bool) else None
        if self.type == "number":
            return raw if isinstance(raw, int | float) and not isinstance(raw, bool) else None
        if not isinstance(raw, str):
            return None
        if self.type == "text":
            return raw if not self.values or raw in self.values else None
        try:
            return date.fromisoformat(raw)
        except ValueError:
            return None


class Placement(Struct, frozen=True, forbid_unknown_fields=True):
    """A slot that can be filled, and the offer that fills it when nothing else may.

    `holdout` is the share of people who see the fallback here to compare with; `calendar` is when it is filled at all.
    Where `thompson` ranks, an offer's success is a `success`, and the least chance of being the best is `floor`.
    """

    id: str
    title: Text
    site: str
    fallback: str
    ranking: Ranking = "priority"
    holdout: float = 0.0
    calendar: str | None = None
    success: Success = "click"
    floor: float = 0.01


class Weight(Struct, frozen=True, forbid_unknown_fields=True):
    """An offer weighs so many times as much where a rule holds."""

    rule: Rule
    factor: float


class Offer(Struct, frozen=True, forbid_unknown_fields=True):
    """What may fill a placement. `required` is derived from what its rules read and is never more than `purposes`.

    Its weight is `value` times `lever` times the factors of `context` whose rules hold. A `service` message is exempt
    from caps, dismissal and holdout. Offers of one `group` say the same thing.
    """

    id: str
    title: Text
    placements: tuple[str, ...]
    purposes: frozenset[str]
    required: frozenset[str]
    stages: tuple[str, ...]
    rule: Rule | None
    reads: frozenset[str]
    priority: int
    content: Mapping[str, Mapping[str, str]]
    personalised_price: bool
    group: str | None = None
    calendar: str | None = None
    value: float = 1.0
    lever: float = 1.0
    context: tuple[Weight, ...] = ()
    service: bool = False
