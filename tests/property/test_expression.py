"""The rule language, for any rule and any facts: what it reads, what it says, and that it never raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.policy.expression import LONGEST, Facts, Rule, RuleRefused, compile_rule
from tests.property.reading import TYPES, Tree, any_facts, booleans, named, right_facts, truth, written


def attempted(source: str) -> Rule | RuleRefused:
    """The rule that a text is, or why it is none."""
    try:
        return compile_rule(source, TYPES)
    except RuleRefused as refused:
        return refused


def within(tree: Tree) -> Rule | None:
    """The rule that a tree writes out, None where it is longer or deeper than a rule may be, or divides by zero."""
    rule = attempted(written(tree))
    if isinstance(rule, RuleRefused):
        assert "at most" in rule.message or "divides by zero" in rule.message, written(tree)
        return None
    return rule


@given(booleans, right_facts | any_facts)
def test_a_rule_says_what_an_independent_reading_says(tree: Tree, facts: Facts) -> None:
    """True where certain, with missing facts between true and false."""
    rule = within(tree)
    if rule is not None:
        assert rule.holds(facts) is (truth(tree, facts) == 1)


@given(booleans)
def test_a_rule_reads_exactly_the_fields_that_it_names(tree: Tree) -> None:
    """So the purposes of an offer can be derived from it, neither too few nor too many."""
    rule = within(tree)
    if rule is not None:
        assert rule.reads == set(named(tree))


@given(booleans, right_facts, any_facts)
def test_what_a_rule_does_not_read_cannot_matter(tree: Tree, facts: Facts, others: Facts) -> None:
    """Any other fact may change or vanish."""
    rule = within(tree)
    if rule is not None:
        seen = {name: known for name, known in facts.items() if name in rule.reads or name == "today"}
        unseen = {name: known for name, known in others.items() if name not in rule.reads and name != "today"}
        assert rule.holds(facts) is rule.holds(seen) is rule.holds(seen | unseen)


@given(booleans, right_facts | any_facts)
def test_a_rule_holds_when_all_of_its_clauses_do(tree: Tree, facts: Facts) -> None:
    """Its clauses read what it reads, are rules themselves, and each says what it would say alone."""
    rule = within(tree)
    if rule is not None:
        found = [clause.found(facts) for clause in rule.clauses]
        assert rule.holds(facts) is all(finding == "held" for finding in found)
        assert rule.reads == {name for clause in rule.clauses for name in clause.reads} - {"today"}
        for clause, finding in zip(rule.clauses, found, strict=True):
            assert rule.source[clause.column - 1 :].startswith(clause.text)
            assert compile_rule(clause.text, TYPES).holds(facts) is (finding == "held")


@given(booleans, any_facts)
def test_no_rule_raises(tree: Tree, facts: Facts) -> None:
    """Whatever the facts are."""
    rule = within(tree)
    if rule is not None:
        assert rule.holds(facts) in (True, False)


pieces = st.sampled_from(
    [
        *TYPES,
        *"()[]+-*/<>=!#.,:'\"\\\n\t{} 019",
        *("==", "and", "or", "not", "in", "today", "true", "date", "lambda", "if", "await", "yield", "None"),
        *(":=", "1e9", "0x", "f'", "\0", "\x0c", "\ud800", "\u2028", "é", "…"),
    ]
)
any_text = st.lists(st.integers(0, 0x10FFFF).map(chr)).map("".join)


@given(any_text | st.lists(pieces, max_size=40).map(" ".join) | st.lists(pieces, max_size=40).map("".join))
def test_any_text_is_a_rule_or_is_refused(source: str) -> None:
    """With a message and a column inside the text."""
    accepted_or_refused(source)


@given(booleans, st.integers(0, LONGEST), st.integers(0, 5), pieces | st.just(""))
def test_a_damaged_rule_is_a_rule_or_is_refused(tree: Tree, at: int, gone: int, piece: str) -> None:
    """The same for what nearly is one."""
    source = written(tree)
    accepted_or_refused(source[:at] + piece + source[at + gone :])


def accepted_or_refused(source: str) -> None:
    """Compile a text, and use what comes out."""
    rule = attempted(source)
    if isinstance(rule, Rule):
        rule.holds({})
    else:
        assert rule.message
        assert 1 <= rule.column <= max(len(source), 1) or rule.column == LONGEST + 1


@pytest.mark.parametrize(
    "nesting", ["(", "[", "{", "not ", "-", "--", "date(", "true and (", "1 < (", "f(", "a.", "lambda:"]
)
def test_depth_is_refused_and_crashes_nothing(nesting: str) -> None:
    """However deep a text nests within the length of a rule."""
    accepted_or_refused(nesting * (LONGEST // len(nesting)))
