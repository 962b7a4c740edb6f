"""What a rule may say: its types, its operators, its limits, and the sentences for what it may not."""

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal

TypeName = Literal["text", "number", "boolean", "date"]
Value = str | int | float | bool | date
Facts = Mapping[str, Value | None]

LONGEST = 2000
"""Characters that a rule may have."""
DEEPEST = 40
"""Levels that a rule may be nested."""
LARGEST = 1e300
"""How far from zero a number may be; beyond it a fact or a result is unknown."""
TODAY = "today"
"""The one name that is always there: the date of the decision. It is no field and no purpose covers it."""
DATE = "date"
TRUTH = {"true": True, "false": False}
RESERVED = frozenset({TODAY, DATE, *TRUTH})
"""Names that mean something in a rule, so that no field can have them."""

Run = Callable[[Facts], Any]
"""A compiled part of a rule: its value of these facts, or None where that is unknown."""
PYTHON_TYPES: dict[TypeName, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (date,),
}
SPOKEN: dict[TypeName, str] = {"text": "a text", "number": "a number", "boolean": "true or false", "date": "a date"}


def _divided(dividend: float, divisor: float) -> float:
    return dividend / divisor


ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
EQUALITY: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
}
ORDERED: frozenset[TypeName] = frozenset({"number", "date"})
REFUSED: dict[type[ast.AST], str] = {
    ast.Call: 'A rule calls nothing but date("2026-01-31").',
    ast.Attribute: "A rule names fields only; nothing has parts behind a dot.",
    ast.Subscript: "A rule takes nothing apart with brackets; lists stand only after 'in'.",
    ast.IfExp: "A rule has no if and else; write it with 'and' and 'or'.",
    ast.List: "A list may stand only after 'in'.",
    ast.Tuple: "A list may stand only after 'in'.",
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
        "A rule does not loop and defines nothing; it looks at each fact once.",
    ),
    ast.JoinedStr: "A text in a rule is plain, without placeholders.",
}
OTHERWISE = "A rule knows comparisons, and, or, not, in, + - * / and literal values; this is none of them."


class RuleRefused(Exception):
    """A rule that cannot be used: `message` says what to change, `column` (from 1) where."""

    def __init__(self, message: str, column: int) -> None:
        self.message = message
        self.column = column
        super().__init__(f"{message} (column {column})")
