"""Rules as trees, how they are written, and what they say by a reading that shares nothing with the compiler."""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from service.policy.expression import TypeName

TYPES: Mapping[str, TypeName] = {
    "orders": "number",
    "days": "number",
    "device": "text",
    "page": "text",
    "signed_in": "boolean",
    "known": "boolean",
    "born": "date",
    "due": "date",
}
FIELDS: Mapping[TypeName, list[str]] = {
    wanted: [name for name, declared in TYPES.items() if declared == wanted]
    for wanted in ("text", "number", "boolean", "date")
}
UNKNOWN = Fraction(1, 2)
"""Between false (0) and true (1): and is the least, or the greatest, not the distance from 1."""

Tree = tuple[Any, ...]


def field(wanted: TypeName) -> st.SearchStrategy[Tree]:
    """A field of a type."""
    return st.sampled_from(FIELDS[wanted]).map(lambda name: ("field", name))


def literal(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    """A value written out."""
    return values.map(lambda value: ("literal", value))


some_dates = st.dates(date(1990, 1, 1), date(2030, 12, 31))
some_numbers = st.integers(0, 20) | st.sampled_from([0.5, 1e10, 1e299])
some_texts = st.sampled_from(["mobile", "tablet", "è", 'a "quoted" word', "#", "orders", "it's", ""])

texts = field("text") | literal(some_texts)
dates: st.SearchStrategy[Tree] = st.deferred(
    lambda: (
        field("date")
        | literal(some_dates)
        | st.just(("field", "today"))
        | st.tuples(st.sampled_from(["later", "earlier"]), dates, numbers)
    )
)
numbers: st.SearchStrategy[Tree] = st.deferred(
    lambda: (
        field("number")
        | literal(some_numbers)
        | st.tuples(st.just("minus"), numbers)
        | st.tuples(st.sampled_from("+-*/"), numbers, numbers)
        | st.tuples(st.just("between"), dates, dates)
    )
)
booleans: st.SearchStrategy[Tree] = st.deferred(
    lambda: (
        field("boolean")
        | literal(st.booleans())
        | st.tuples(st.just("not"), booleans)
        | st.tuples(st.sampled_from(["and", "or"]), st.lists(booleans, min_size=2, max_size=3))
        | chain(numbers, ["<", "<=", ">", ">=", "==", "!="])
        | chain(dates, ["<", "<=", ">", ">=", "==", "!="])
        | chain(texts, ["==", "!="])
        | chain(booleans, ["==", "!="])
        | listed(numbers, some_numbers)
        | listed(dates, some_dates)
        | listed(texts, some_texts)
        | listed(booleans, st.booleans())
    )
)


def chain(operands: st.SearchStrategy[Tree], operators: list[str]) -> st.SearchStrategy[Tree]:
    """One comparison or several in a row."""
    more = st.lists(st.tuples(st.sampled_from(operators), operands), min_size=1, max_size=3)
    return st.tuples(st.just("chain"), operands, more)


def listed(operands: st.SearchStrategy[Tree], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    """Membership in a list of values."""
    return st.tuples(st.sampled_from(["in", "not in"]), operands, st.lists(values, min_size=1, max_size=3))


def written(tree: Tree) -> str:
    """A tree as the text of a rule."""
    match tree:
        case "field", name:
            text = name
        case "literal", known:
            text = spelt(known)
        case "minus" | "not" as word, part:
            text = f"{'-' if word == 'minus' else 'not '}({written(part)})"
        case "and" | "or" as word, parts:
            text = f" {word} ".join(f"({written(part)})" for part in parts)
        case "chain", first, more:
            text = f"({written(first)})" + "".join(f" {operator} ({written(part)})" for operator, part in more)
        case "in" | "not in" as word, part, values:
            text = f"({written(part)}) {word} [{', '.join(map(spelt, values))}]"
        case word, left, right:
            sign = {"later": "+", "earlier": "-", "between": "-"}.get(word, word)
            text = f"({written(left)}) {sign} ({written(right)})"
    return text


def spelt(value: object) -> str:
    """A value as a rule writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'date("{value.isoformat()}")' if isinstance(value, date) else repr(value)


def named(tree: object) -> Iterator[str]:
    """The fields in a tree."""
    if isinstance(tree, tuple) and tree[:1] == ("field",) and tree[1] != "today":
        yield tree[1]
    elif isinstance(tree, tuple | list):
        for part in tree:
            yield from named(part)


def truth(tree: Tree, facts: Mapping[str, Any]) -> Fraction:
    """How true a boolean tree is: 0, 1, or between."""
    match tree:
        case "not", part:
            return 1 - truth(part, facts)
        case "and" | "or" as word, parts:
            return (min if word == "and" else max)(truth(part, facts) for part in parts)
        case "chain", first, more:
            operands = [value(part, facts) for part in (first, *(part for _, part in more))]
            return min(compared(operator, *pair) for (operator, _), pair in zip(more, pairwise(operands), strict=True))
        case "in" | "not in" as word, part, values:
            found = max(compared("==", value(part, facts), other) for other in values)
            return found if word == "in" else 1 - found
        case _:
            known = value(tree, facts)
            return UNKNOWN if known is None else Fraction(known)


def compared(operator: str, left: Any, right: Any) -> Fraction:
    """How true a comparison of two values is."""
    if left is None or right is None:
        return UNKNOWN
    order = {-1: ("<", "<=", "!="), 0: ("==", "<=", ">="), 1: (">", ">=", "!=")}
    return Fraction(operator in order[(left > right) - (left < right)])


def value(tree: Tree, facts: Mapping[str, Any]) -> Any:
    """The value of a tree, None where it is unknown."""
    match tree:
        case "field", name:
            known = facts.get(name) if fits(facts.get(name), TYPES.get(name, "date")) else None
        case "literal", known:
            pass
        case (("not" | "and" | "or" | "chain" | "in" | "not in"), *_):
            known = {0: False, 1: True}.get(truth(tree, facts))
        case word, *parts:
            known = calculated(WORDS[word], *(value(part, facts) for part in parts))
    return known


WORDS: Mapping[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "minus": lambda a: -a,
    "between": lambda later, earlier: (later - earlier).days,
    "later": lambda day, days: day + timedelta(days=math.trunc(days)),
    "earlier": lambda day, days: day - timedelta(days=math.trunc(days)),
}


def calculated(calculate: Callable[..., Any], *operands: Any) -> Any:
    """A result, or None where there is none."""
    if None in operands:
        return None
    try:
        result = calculate(*operands)
    except (ZeroDivisionError, OverflowError):
        return None
    return result if isinstance(result, date) or abs(result) <= 1e300 else None


def fits(known: object, wanted: TypeName) -> bool:
    """Whether a fact is of the type that its field declares."""
    if wanted == "number":
        return isinstance(known, int | float) and not isinstance(known, bool) and abs(known) <= 1e300
    return isinstance(known, {"text": str, "boolean": bool, "date": date}[wanted])


right_facts = st.fixed_dictionaries(
    {"today": some_dates},
    optional={
        "orders": some_numbers | st.none(),
        "days": some_numbers,
        "device": some_texts,
        "page": some_texts | st.none(),
        "signed_in": st.booleans(),
        "known": st.booleans() | st.none(),
        "born": some_dates,
        "due": some_dates | st.none(),
    },
)
any_fact = st.none() | st.booleans() | st.integers() | st.floats() | some_texts | st.dates() | st.just(10**5000)
any_facts = st.dictionaries(st.sampled_from([*TYPES, "today"]), any_fact)
