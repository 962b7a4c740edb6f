"""A small bundle of offers, as the tests of decisions write them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec.structs import replace

from service.decisioning.model import Choice, Draw, Remembered, Slot
from service.decisioning.rules import fill_page
from service.journey.model import Facts
from service.policy.expression import Rule, TypeName, compile_rule
from service.policy.load import load
from service.policy.model import Bundle, Contact, Field, Offer, Placement
from tests.conftest import ROOT

TYPES: dict[str, TypeName] = {"device": "text", "stage": "text", "orders": "number", "visits": "number"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHIPPED = cache(load)(ROOT / "policies")


def field(name: str, source: Any, purpose: str | None) -> Field:
    """A field of the small bundle."""
    return Field(id=name, type=TYPES[name], purpose=purpose, source=source, category="behaviour")


FIELDS = {
    "device": field("device", "context", None),
    "stage": field("stage", "stage", "personalization"),
    "orders": field("orders", "count", "personalization"),
    "visits": field("visits", "count", "analytics"),
}


def offer(
    name: str,
    *purposes: str,
    rule: str | None = None,
    stages: Iterable[str] = (),
    priority: int = 0,
    placements: Iterable[str] = ("hero",),
    languages: Iterable[str] = ("it",),
    **more: Any,
) -> Offer:
    """An offer of the small bundle; it declares what it is told to, which the loader would have checked."""
    compiled: Rule | None = compile_rule(rule, TYPES) if rule else None
    return Offer(
        id=name,
        title={"en": name},
        placements=tuple(placements),
        purposes=frozenset(purposes),
        required=frozenset(purposes),
        stages=tuple(stages),
        rule=compiled,
        reads=compiled.reads if compiled else frozenset(),
        priority=priority,
        content={language: {"headline": f"{name} in {language}"} for language in languages},
        personalised_price=False,
        **more,
    )


def bundle(*offers: Offer, contact: Contact | None = None, **placement: Any) -> Bundle:
    """The offers on two placements, `hero` and `side`, each with a fallback of its own; of both more can be said."""
    every = [offer("welcome"), offer("bestsellers", placements=["side"]), *offers]
    names = {"hero": "welcome", "side": "bestsellers"}
    return replace(
        SHIPPED,
        fields=FIELDS,
        contact=contact or Contact(),
        placements={
            name: Placement(name, {"en": name}, "shop", fallback, **placement) for name, fallback in names.items()
        },
        offers={each.id: each for each in every},
    )


def choose(
    of: Bundle,
    slots: Sequence[Slot],
    facts: Facts,
    *,
    u: float = 0.5,
    remembered: Remembered | None = None,
    now: datetime = NOON,
) -> list[Choice]:
    """What fills the slots of a page, with the same number for every draw."""
    filled = fill_page(of, slots, facts, remembered or Remembered(), lambda _: Draw(u, None, {}), now)
    return [one.choice for one in filled]
