"""The rule language: which facts about a person or a request make an offer eligible.

    lifetime_orders >= 2 and device in ["mobile", "tablet"] and not (days_since_last_order > 30)

A rule is parsed by Python's own grammar, checked against the declared types and compiled to closures; nothing is ever
handed to `eval`. It knows texts, numbers, booleans and dates. Logic is Kleene's, with three values: a fact that is
missing makes a comparison unknown, and a rule that is unknown at the end does not hold. No rule raises when evaluated.

`Rule.clauses` are the parts that `and` joins: a rule that does not hold can say which of them failed, or was unknown.
`Rule.reads` names exactly the fields read: that is how an offer's purposes are derived (rule D3).
"""

from service.policy.expression.clause import Clause, Finding
from service.policy.expression.language import (
    DEEPEST,
    LONGEST,
    RESERVED,
    TODAY,
    Facts,
    RuleRefused,
    TypeName,
    Value,
)
from service.policy.expression.rule import Rule, compile_rule

__all__ = [
    "DEEPEST",
    "LONGEST",
    "RESERVED",
    "TODAY",
    "Clause",
    "Facts",
    "Finding",
    "Rule",
    "RuleRefused",
    "TypeName",
    "Value",
    "compile_rule",
]
