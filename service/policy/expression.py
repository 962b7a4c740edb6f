"""The rule language: which facts about a person or a request make an offer eligible.

    lifetime_orders >= 2 and device in ["mobile", "tablet"] and not (days_since_last_order > 30)

A rule is parsed by Python's own grammar, checked against the declared types and compiled to closures; nothing is ever
handed to `eval`. It knows texts, numbers, booleans and dates. Logic is Kleene's, with three values: a fact that is
missing makes a comparison unknown, and a rule that is unknown at the end does not hold. No rule raises when evaluated.

`Rule.reads` names exactly the fields read: that is how an offer's purposes are derived (rule D3).
"""

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Any, Literal, NoReturn

TypeName = Literal["text", "number", "boolean", "date"]
Value = str | int | float | bool | date
Facts = Mapping[str, Value | None]

LONGEST = 2000
"""Characters that a rule may have."""
DEEPEST = 40
"""Levels that a rule may be nested."""
TODAY = "today"
"""The one name that is always there: the date of the decision. It is no field and no purpose covers it."""
RESERVED = frozenset({TODAY, "date", "true", "false"})
"""Names that mean something in a rule, so that no field can have them."""

_Run = Callable[[Facts], Any]
_PYTHON_TYPES: dict[TypeName, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (date,),
}
_SPOKEN: dict[TypeName, str] = {"text": "a text", "number": "a number", "boolean": "true or false", "date": "a date"}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_EQUALITY: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_REFUSED: dict[type[ast.AST], str] = {
    ast.Call: 'A rule calls nothing but date("2026-01-31").',
    ast.Attribute: "A rule names fields only; nothing has parts behind a dot.",
    ast.Subscript: "A rule takes nothing apart with brackets; lists stand only after 'in'.",
    ast.IfExp: "A rule has no if and else; write it with 'and' and 'or'.",
    ast.List: "A list may stand only after 'in'.",
    ast.Tuple: "A list may stand only after 'in'.",
    ast.JoinedStr: "A text in a rule is plain, without placeholders.",
}


class RuleRefused(Exception):  # noqa: N818 -- named for what happened, like BundleRefused
    """A rule that cannot be used: `message` says what to change, `column` (from 1) where."""

    def __init__(self, message: str, column: int) -> None:
        self.message = message
        self.column = column
        super().__init__(f"{message} (column {column})")


class Rule:
    """A compiled rule. Two rules with the same source are equal. `reads` holds the fields read, without `today`."""

    __slots__ = ("_run", "reads", "source")

    def __init__(self, source: str, reads: frozenset[str], run: _Run) -> None:
        self.source = source
        self.reads = reads
        self._run = run

    def holds(self, facts: Facts) -> bool:
        """Whether the rule is true of these facts (with `today` among them); unknown is no. Never raises."""
        return self._run(facts) is True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Rule({self.source!r})"


def compile_rule(
    source: str, types: Mapping[str, TypeName], values: Mapping[str, Collection[str]] | None = None
) -> Rule:
    """Compile a rule over fields of these types; raises `RuleRefused` for anything that is not one.

    `values` names the only values that a text field can have: comparing it with another text is a mistake.
    """
    line = source.replace("\r", " ").replace("\n", " ")
    compiler = _Compiler(line, types, values or {})
    return Rule(source, *compiler.rule(_parse(line)))


def _parse(line: str) -> ast.expr:
    """The one expression that the line holds; raises `RuleRefused` where there is none or more than that."""
    if len(line) > LONGEST:
        raise RuleRefused(f"A rule has at most {LONGEST} characters; split the offer in two.", LONGEST + 1)
    text = line.strip(" \t")
    start = line.find(text) + 1
    if not text:
        raise RuleRefused("The rule is empty; leave it out or write a comparison.", 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python would only warn about (a stray escape) is a mistake here
            body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        column = min(max(error.offset or 1, 1), len(text))
        raise RuleRefused("This cannot be read as a rule; look for what is missing or misplaced here.", start + column - 1) from None
    except (ValueError, MemoryError, RecursionError, Warning):
        raise RuleRefused("This cannot be read as a rule.", start) from None
    rest = text.encode()[body.end_col_offset or 0 :].decode(errors="replace")
    if "#" in rest:  # lines were joined, so a comment would swallow what follows it
        raise RuleRefused("A rule has no comments; put the comment in the file, above it.", start + text.rindex("#"))
    # columns from here on are those of the whole line
    return body if start == 1 else ast.parse(f"({line})", mode="eval").body


class _Compiler:
    """One walk over the tree: each node becomes its type and a closure, and the fields met are noted."""
