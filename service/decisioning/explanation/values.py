"""Other values that a fact could have had: those declared, and for numbers those that the rules that read it name."""

import re
from collections.abc import Iterator

from service.policy.expression import Clause, Value
from service.policy.model import Bundle, Field, Offer

NUMBER = re.compile(r"(?<![\w.\"'-])\d+(?:\.\d+)?(?![\w.\"'-])")
STEP = 1.0


def others(bundle: Bundle, offers: tuple[Offer, ...], field: Field, current: Value | None) -> list[Value | None]:
    """The values to try in the place of one, those nearest to it first; None: had it not been there."""

    def far(number: float) -> tuple[float, float]:
        return abs(number - current) if isinstance(current, int | float) else abs(number), number

    match field.source, field.type:
        case "stage", _:
            return [s.id for s in bundle.journeys[bundle.default_journey].stages if s.id != current]
        case "context", "text":
            found: list[Value] = [value for value in field.values if value != current]
        case "context", "boolean":
            found = [value for value in (True, False) if value is not current]
        case "context", "number":
            found = [*sorted({number for number in _named(offers, field) if number != current}, key=far)]
        case "context", _:
            found = []
        case _:
            return []
    return [*found, *([None] if current is not None else [])]


def _named(offers: tuple[Offer, ...], field: Field) -> Iterator[float]:
    """The numbers in what reads a field, and those just beside them, where a comparison turns."""
    for clause in _clauses(offers):
        if field.id in clause.reads:
            for number in map(float, NUMBER.findall(clause.text)):
                yield from (number, number - STEP, number + STEP)


def _clauses(offers: tuple[Offer, ...]) -> Iterator[Clause]:
    for offer in offers:
        for rule in (offer.rule, *(weight.rule for weight in offer.context)):
            yield from rule.clauses if rule else ()
