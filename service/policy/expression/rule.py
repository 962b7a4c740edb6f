"""A rule, and how a source becomes one."""

import ast
import re
from collections.abc import Collection, Mapping
from threading import Lock

from service.policy.expression.clause import Clause
from service.policy.expression.compiler import Compiler
from service.policy.expression.language import LONGEST, Facts, RuleRefused, Run, TypeName

_PARSING = Lock()
"""Python 3.11 miscounts when threads parse at once (python/cpython#106905), and ends in a SystemError."""
_TEXT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_ESCAPE = re.compile(r"\\.")
_STRAY = re.compile(r"""\\[^\\'"abfnrtvxuUN0-3]""")
_NUMERIC = re.compile(r"(?<![\w.])\d(?:[eE][+-](?=\d)|[\w.])*")
_NUMBER = re.compile(r"0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[\d_]+\.?[\d_]*(?:[eE][+-]?[\d_]+)?[jJ]?")


class Rule:
    """A compiled rule. Two rules with the same source are equal. `reads` holds the fields read, without `today`.

    It holds exactly when all of its `clauses` do; they are for whoever explains, and take no part in `holds`.
    """

    __slots__ = ("_run", "clauses", "reads", "source")

    def __init__(self, source: str, reads: frozenset[str], run: Run, clauses: tuple[Clause, ...]) -> None:
        self.source = source
        self.reads = reads
        self.clauses = clauses
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
    text, start = _trimmed(line)
    body = _parse(text, start)
    return Rule(source, *Compiler(text, start, types, values or {}).rule(body))


def _trimmed(line: str) -> tuple[str, int]:
    """The line without the blanks around it, and the column at which it starts."""
    if len(line) > LONGEST:
        raise RuleRefused(f"A rule has at most {LONGEST} characters; split the offer in two.", LONGEST + 1)
    text = line.strip(" \t")
    if not text:
        raise RuleRefused("The rule is empty; leave it out or write a comparison.", 1)
    return text, line.find(text) + 1


def _doubtful(text: str) -> int | None:
    """Where the parser would only warn: a stray escape, or a number that runs into the next word, is a mistake here.

    It is asked beforehand, because what a warning becomes is one setting of the whole process, whoever else is at work.
    """
    for words in _TEXT.finditer(text):
        if any(_STRAY.fullmatch(pair[0]) for pair in _ESCAPE.finditer(words[0])):
            return words.start()
    outside = _TEXT.sub(lambda words: " " * len(words[0]), text)
    return next((run.start() for run in _NUMERIC.finditer(outside) if not _NUMBER.fullmatch(run[0])), None)


def _parse(text: str, start: int) -> ast.expr:
    """The one expression that the text holds; raises `RuleRefused` where there is none or more than that."""
    if (doubtful := _doubtful(text)) is not None:
        raise RuleRefused("This cannot be read as a rule.", start + doubtful)
    try:
        with _PARSING:
            body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        column = min(error.offset or len(text), len(text))  # the parser has no offset for an end that came too soon
        sentence = "This cannot be read as a rule; look for what is missing or misplaced here."
        raise RuleRefused(sentence, start + column - 1) from None
    except (ValueError, MemoryError, RecursionError):
        raise RuleRefused("This cannot be read as a rule.", start) from None
    rest = text.encode()[body.end_col_offset or 0 :].decode(errors="replace")
    if "#" in rest:  # lines were joined, so a comment would swallow what follows it
        column = start + text.rindex("#")
        raise RuleRefused("A rule has no comments; put the comment in the file, above it.", column)
    return body
