"""Whether a rule can be used: it is read, held against the declared fields, and refused with its column."""

import re
from collections.abc import Collection, Mapping
from textwrap import shorten

from msgspec import Struct

from service.policy.expression import Rule, RuleRefused, TypeName, compile_rule
from service.policy.load.check_fields import FIELDS, values_of
from service.policy.load.forms import Forms
from service.policy.load.mistakes import Mistakes, key_path

_WORD_OR_TEXT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\w+""")
_JOINTS = ("and", "or")
_LONGEST_CLAUSE = 100


class Rules(Struct, frozen=True):
    """Those rules of a bundle that are good: of offers, of the weights of each offer in order, and of personas."""

    offers: Mapping[str, Rule]
    weights: Mapping[str, tuple[Rule | None, ...]]
    personas: Mapping[str, Rule]


def compiled(file: str, path: str, source: str, forms: Forms, mistakes: Mistakes) -> Rule | None:
    """The rule that stands at a place, or None where it cannot be used, which is noted."""
    if mistakes.spoiled(file, path):
        return None
    fields = forms.fields.field
    types: dict[str, TypeName] = {name: field.type for name, field in fields.items()}
    try:
        return compile_rule(source, types, values_of(forms))
    except RuleRefused as refused:
        unsure = any(mistakes.touched(FIELDS, key_path("field", name)) for name in named(source, fields))
        if not unsure:
            clause = clause_at(source, refused.column)
            mistakes.add(file, path, f"column {refused.column}: {refused.message} The clause: {clause}")
        return None


def clause_at(source: str, column: int) -> str:
    """What stands at a column between one `and` or `or` and the next, shortened where it is long."""
    joints = [word.span() for word in _WORD_OR_TEXT.finditer(source) if word[0] in _JOINTS]
    begins = max((end for _, end in joints if end < column), default=0)
    ends = min((start for start, _ in joints if start >= column), default=len(source))
    return shorten(source[begins:ends].strip(" ()") or source, _LONGEST_CLAUSE, placeholder=" …") or "…"


def named(source: str, fields: Collection[str]) -> dict[str, int]:
    """The fields that a rule names, each with its first column; what stands in quotes names nothing."""
    found = [name for name in _WORD_OR_TEXT.finditer(source) if name[0] in fields]
    return {name[0]: name.start() + 1 for name in reversed(found)}
