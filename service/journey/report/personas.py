"""Who is of which persona, judged once for all people of whom the same is known."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from service.journey.report.kinds import Kinds
from service.journey.rules import persona
from service.policy.expression import TODAY, Value
from service.policy.model import Bundle, Field


class Reading(Struct, frozen=True):
    """The fields that the rules of personas read, by where they come from; those of a request are never known here."""

    fields: tuple[Field, ...]

    def events(self, source: str) -> list[str]:
        """The events that are counted, or dated."""
        return sorted({field.event for field in self.fields if field.source == source and field.event})


def reading(bundle: Bundle, purpose: str) -> Reading | None:
    """What personas are read from; None where they serve another purpose than the report does, or there are none."""
    telling = next((field for field in bundle.fields.values() if field.source == "persona"), None)
    if not bundle.personas or telling is None or telling.purpose != purpose:
        return None
    names = sorted({name for persona in bundle.personas.values() for name in persona.reads})
    return Reading(fields=tuple(bundle.fields[name] for name in names if name in bundle.fields))


def personas_of(kinds: Kinds, read: Reading, known: Sequence[str], today: date) -> list[int]:
    """The number of a persona (0: none) for all that is known of people, in each stage of the journey, or none."""
    bundle = kinds.bundle
    stages = kinds.stages if kinds.journey.id == bundle.default_journey else [""] * len(kinds.stages)
    order = {name: number for number, name in enumerate(bundle.personas, 1)}
    numbers: list[int] = []
    for facts in known:
        for stage in stages:
            name = persona(bundle, {**_said(read, facts, stage), TODAY: today})
            numbers.append(order[name] if name else 0)
    return numbers


def _said(read: Reading, facts: str, stage: str) -> dict[str, Value]:
    by_event = {event: (number, days) for event, number, days in (fact.split(":") for fact in facts.split(",") if fact)}
    said: dict[str, Value] = {}
    for field in read.fields:
        number, days = by_event.get(field.event or "", ("0", ""))
        if field.source == "count":
            said[field.id] = float(number)
        elif field.source == "days_since" and days:
            said[field.id] = float(days)
        elif field.source == "stage" and stage:
            said[field.id] = stage
    return said
