"""The closures that a rule is made of: each gives its value of the facts, or None where it is unknown. None raises."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from service.policy.expression.language import LARGEST, PYTHON_TYPES, Facts, Run, TypeName

Compare = Callable[[Any, Any], bool]


def literal(value: object) -> Run:
    """Always the same value."""
    return lambda _: value


def fact(name: str, type_name: TypeName) -> Run:
    """A fact by name; one that is missing, or of another type than declared, is unknown."""
    accepted = PYTHON_TYPES[type_name]

    def number(facts: Facts) -> Any:
        value: Any = facts.get(name)
        return value if type(value) in accepted and -LARGEST <= value <= LARGEST else None

    def other(facts: Facts) -> Any:
        value = facts.get(name)
        return value if type(value) in accepted else None

    return number if type_name == "number" else other


def compared_with(compare: Compare, left: Run, value: object) -> Run:
    """A comparison with a literal, which is what most rules do; unknown where the fact is."""

    def run(facts: Facts) -> bool | None:
        first = left(facts)
        return None if first is None else compare(first, value)

    return run


def chained(left: Run, steps: Sequence[tuple[Compare, Run]]) -> Run:
    """Comparisons each of which goes on from the one before, `1 < a <= b`: all of them must hold."""

    def run(facts: Facts) -> bool | None:
        result: bool | None = True
        first = left(facts)
        for compare, part in steps:
            second = part(facts)
            if first is None or second is None:
                result = None
            elif not compare(first, second):
                return False
            first = second
        return result

    return run


def inside(value: Any, members: Any) -> bool:
    """Whether a value is in a list of literals."""
    return value in members


def outside(value: Any, members: Any) -> bool:
    """Whether a value is in no list of literals."""
    return value not in members


def negated(part: Run) -> Run:
    """Not: what is unknown stays unknown."""

    def run(facts: Facts) -> bool | None:
        value = part(facts)
        return None if value is None else not value

    return run


def settled_by(decisive: bool, parts: Sequence[Run]) -> Run:
    """Or (decisive: True) and and (False): one decisive part settles it, else one unknown part makes it unknown."""

    def run(facts: Facts) -> bool | None:
        result: bool | None = not decisive
        for part in parts:
            value = part(facts)
            if value is decisive:
                return decisive
            if value is None:
                result = None
        return result

    return run


def calculated(calculate: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    """Arithmetic on numbers; a division by zero or a result out of range is unknown."""

    def run(facts: Facts) -> Any:
        first, second = left(facts), right(facts)
        if first is None or second is None:
            return None
        try:
            result = calculate(first, second)
        except ZeroDivisionError:
            return None
        return result if -LARGEST <= result <= LARGEST else None

    return run


def minus(part: Run) -> Run:
    """A number with the other sign."""

    def run(facts: Facts) -> Any:
        value = part(facts)
        return None if value is None else -value

    return run


def moved(day: Run, days: Run, direction: int) -> Run:
    """A date so many days later (`direction` 1) or earlier (-1); parts of a day are dropped."""

    def run(facts: Facts) -> date | None:
        first, second = day(facts), days(facts)
        if first is None or second is None:
            return None
        try:
            return first + direction * timedelta(days=int(second))
        except OverflowError:
            return None

    return run


def days_between(later: Run, earlier: Run) -> Run:
    """How many days one date is after another."""

    def run(facts: Facts) -> int | None:
        first, second = later(facts), earlier(facts)
        return None if first is None or second is None else (first - second).days

    return run
