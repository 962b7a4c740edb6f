"""From a tree to closures: every part is checked against the declared types, and the fields met are noted."""

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from service.policy.expression import closures
from service.policy.expression.clause import Clause
from service.policy.expression.closures import Compare
from service.policy.expression.language import (
    ARITHMETIC,
    DATE,
    DEEPEST,
    EQUALITY,
    LARGEST,
    ORDER,
    ORDERED,
    OTHERWISE,
    REFUSED,
    SPOKEN,
    TODAY,
    TRUTH,
    RuleRefused,
    Run,
    TypeName,
    Value,
)

MEMBERSHIP: dict[type[ast.cmpop], Compare] = {ast.In: closures.inside, ast.NotIn: closures.outside}
DATE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Part(Struct, frozen=True):
    """A compiled node: its type, its closure, and where it has them its field or its literal value."""

    type: TypeName
    run: Run
    node: ast.expr
    field: str | None = None
    value: Value | None = None


class Compiler:
    """One walk over the tree: each node becomes its type and a closure, and the fields met are noted."""

    def __init__(
        self, text: str, start: int, types: Mapping[str, TypeName], values: Mapping[str, Collection[str]]
    ) -> None:
        self._bytes = text.encode()
        self._start = start
        self._types = types
        self._values = values
        self._reads: set[str] = set()
        self._runs: dict[ast.expr, Run] = {}
        self._compilers: dict[type[ast.expr], Callable[[Any, int], Part]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BoolOp: self._logic,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._arithmetic,
            ast.Compare: self._comparison,
            ast.Call: self._date,
        }

    def rule(self, body: ast.expr) -> tuple[frozenset[str], Run, tuple[Clause, ...]]:
        """The fields read by a whole rule, its closure and its clauses; raises `RuleRefused`."""
        part = self._part(body, 1)
        if part.type != "boolean":
            raise self._refused(
                body, f"A rule is true or false, and this is {SPOKEN[part.type]}; compare it with something."
            )
        return frozenset(self._reads), part.run, tuple(self._clause(node) for node in _conjuncts(body))

    def _clause(self, node: ast.expr) -> Clause:
        met = sorted((n.col_offset, n.id) for n in ast.walk(node) if isinstance(n, ast.Name))
        return Clause(
            text=self._bytes[node.col_offset : node.end_col_offset].decode(),
            column=self._column(node),
            reads=tuple(dict.fromkeys(name for _, name in met if name in self._types or name == TODAY)),
            run=self._runs[node],
        )

    def _part(self, node: ast.expr, depth: int) -> Part:
        if depth > DEEPEST:
            raise self._refused(node, f"A rule has at most {DEEPEST} levels; simplify it or split the offer in two.")
        if compile_node := self._compilers.get(type(node)):
            part = compile_node(node, depth)
            self._runs[node] = part.run
            return part
        raise self._refused(node, REFUSED.get(type(node), OTHERWISE))

    def _constant(self, node: ast.Constant, _: int) -> Part:
        value = node.value
        if isinstance(value, bool) or value is None:
            raise self._refused(node, "Write true or false in small letters; there is no word for a missing fact.")
        if isinstance(value, str):
            return Part("text", closures.literal(value), node, value=value)
        if isinstance(value, int | float):
            if not value <= LARGEST:
                raise self._refused(node, "This number is too large.")
            return Part("number", closures.literal(value), node, value=value)
        raise self._refused(node, OTHERWISE)

    def _name(self, node: ast.Name, _: int) -> Part:
        if node.id in TRUTH:
            return Part("boolean", closures.literal(TRUTH[node.id]), node, value=TRUTH[node.id])
        if node.id == TODAY:
            return Part("date", closures.fact(TODAY, "date"), node)
        if node.id == DATE:
            raise self._refused(node, 'A date is written date("2026-01-31").')
        if node.id not in self._types:
            near = get_close_matches(node.id, self._types, 1)
            remedy = f"did you mean {near[0]}?" if near else "declare it in fields.toml, or put a text in quotes."
            raise self._refused(node, f"There is no field {node.id}; {remedy}")
        self._reads.add(node.id)
        type_name = self._types[node.id]
        return Part(type_name, closures.fact(node.id, type_name), node, field=node.id)

    def _logic(self, node: ast.BoolOp, depth: int) -> Part:
        word = "and" if isinstance(node.op, ast.And) else "or"
        parts = [self._boolean(operand, depth, f"'{word}'") for operand in node.values]
        return Part("boolean", closures.settled_by(word == "or", parts), node)

    def _boolean(self, node: ast.expr, depth: int, word: str) -> Run:
        part = self._part(node, depth + 1)
        if part.type != "boolean":
            raise self._refused(node, f"{word} needs true or false here, and this is {SPOKEN[part.type]}.")
        return part.run

    def _unary(self, node: ast.UnaryOp, depth: int) -> Part:
        if isinstance(node.op, ast.Not):
            return Part("boolean", closures.negated(self._boolean(node.operand, depth, "'not'")), node)
        if not isinstance(node.op, ast.USub):
            raise self._refused(node, OTHERWISE)
        part = self._part(node.operand, depth + 1)
        if part.type != "number":
            raise self._refused(node, f"A minus needs a number, and this is {SPOKEN[part.type]}.")
        value = -part.value if isinstance(part.value, int | float) else None
        return Part("number", closures.minus(part.run), node, value=value)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Part:
        left, right = self._part(node.left, depth + 1), self._part(node.right, depth + 1)
        plus, less = isinstance(node.op, ast.Add), isinstance(node.op, ast.Sub)
        if isinstance(node.op, ast.Div) and right.type == "number" and right.value == 0:
            raise self._refused(right.node, "This divides by zero, so the rule could never hold.")
        match left.type, right.type:
            case "number", "number" if type(node.op) in ARITHMETIC:
                return Part("number", closures.calculated(ARITHMETIC[type(node.op)], left.run, right.run), node)
            case "date", "number" if plus or less:
                return Part("date", closures.moved(left.run, right.run, 1 if plus else -1), node)
            case "number", "date" if plus:
                return Part("date", closures.moved(right.run, left.run, 1), node)
            case "date", "date" if less:
                return Part("number", closures.days_between(left.run, right.run), node)
            case _:
                told = f"this is {SPOKEN[left.type]} with {SPOKEN[right.type]}"
                sentence = "Numbers take + - * /, a date takes + or - days, and two dates give days by -"
                raise self._refused(node, f"{sentence}; {told}.")

    def _comparison(self, node: ast.Compare, depth: int) -> Part:
        for operator, right_node in zip(node.ops[:-1], node.comparators, strict=False):
            if type(operator) in MEMBERSHIP:
                raise self._refused(right_node, REFUSED[ast.List])
        left = first = self._part(node.left, depth + 1)
        steps: list[tuple[Compare, Run]] = []
        value: object = None
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            if type(operator) in MEMBERSHIP:
                value = self._members(left, right_node, depth)
                steps.append((MEMBERSHIP[type(operator)], closures.literal(value)))
                break
            right = self._part(right_node, depth + 1)
            value = right.value
            steps.append((self._compare(left, operator, right), right.run))
            left = right
        if len(steps) == 1 and value is not None:
            return Part("boolean", closures.compared_with(steps[0][0], first.run, value), node)
        return Part("boolean", closures.chained(first.run, steps), node)

    def _compare(self, left: Part, operator: ast.cmpop, right: Part) -> Compare:
        compare = ORDER.get(type(operator)) or EQUALITY.get(type(operator))
        if compare is None:
            raise self._refused(right.node, "Compare with == or !=; a rule has no 'is'.")
        self._refuse_mixed(left, right)
        if type(operator) in ORDER and left.type not in ORDERED:
            message = f"Only numbers and dates have an order, and this is {SPOKEN[left.type]}; use ==."
            raise self._refused(right.node, message)
        self._refuse_undeclared(left, right)
        self._refuse_undeclared(right, left)
        return compare

    def _members(self, left: Part, node: ast.expr, depth: int) -> frozenset[Value]:
        if not isinstance(node, ast.List) or not node.elts:
            raise self._refused(node, 'After \'in\' stands a list of literal values, such as ["mobile", "tablet"].')
        members: set[Value] = set()
        for element in node.elts:
            part = self._part(element, depth + 1)
            if part.value is None:
                raise self._refused(element, "A list holds literal values only.")
            self._refuse_mixed(left, part)
            self._refuse_undeclared(left, part)
            members.add(part.value)
        return frozenset(members)

    def _refuse_mixed(self, left: Part, right: Part) -> None:
        if left.type == right.type:
            return
        remedy = ' Write a date as date("2026-01-31").' if "date" in (left.type, right.type) else ""
        raise self._refused(
            right.node, f"{SPOKEN[left.type].capitalize()} cannot be compared with {SPOKEN[right.type]}.{remedy}"
        )

    def _refuse_undeclared(self, field: Part, literal: Part) -> None:
        """A text that the field can never have is a slip of the pen, and the rule would silently never hold."""
        declared = self._values.get(field.field or "")
        if declared and literal.value is not None and literal.value not in declared:
            raise self._refused(
                literal.node, f"{field.field} never has this value; it has: {', '.join(sorted(declared))}."
            )

    def _date(self, node: ast.Call, _: int) -> Part:
        if not isinstance(node.func, ast.Name) or node.func.id != DATE:
            raise self._refused(node, REFUSED[ast.Call])
        match node.args, node.keywords:
            case [ast.Constant(value=str() as text)], []:
                value = _day(text)
            case _:
                value = None
        if value is None:
            raise self._refused(node, 'A date is written date("2026-01-31"), year, month and day.')
        return Part("date", closures.literal(value), node, value=value)

    def _refused(self, node: ast.expr, message: str) -> RuleRefused:
        return RuleRefused(message, self._column(node))

    def _column(self, node: ast.expr) -> int:
        return self._start + len(self._bytes[: node.col_offset].decode())


def _conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of which each has to hold for the whole to hold."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from _conjuncts(part)
    else:
        yield node


def _day(text: str) -> date | None:
    if not DATE_FORM.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
