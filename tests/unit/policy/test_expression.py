"""The rule language, by example."""

from collections.abc import Mapping
from datetime import date

import pytest

from service.policy.expression import DEEPEST, LONGEST, Facts, RuleRefused, TypeName, compile_rule

TYPES: Mapping[str, TypeName] = {
    "orders": "number",
    "days": "number",
    "device": "text",
    "page": "text",
    "signed_in": "boolean",
    "born": "date",
    "due": "date",
}
VALUES = {"device": ("mobile", "tablet", "desktop")}
FACTS: Facts = {
    "orders": 3,
    "days": 10.5,
    "device": "mobile",
    "page": "records",
    "signed_in": True,
    "born": date(1990, 5, 1),
    "due": date(2026, 3, 1),
    "today": date(2026, 2, 27),
}


def holds(source: str, facts: Facts = FACTS) -> bool:
    """Whether a rule holds of the facts above."""
    return compile_rule(source, TYPES, VALUES).holds(facts)


def refused(source: str) -> RuleRefused:
    """Why a rule is none."""
    with pytest.raises(RuleRefused) as error:
        compile_rule(source, TYPES, VALUES)
    return error.value


@pytest.mark.parametrize(
    "source",
    [
        "orders >= 2",
        "orders > 2 and days <= 10.5",
        "2 < orders <= 3 < days",
        "orders != 4 and orders == 3.0",
        'device == "mobile"',
        'device in ["mobile", "tablet"]',
        'device not in ["desktop"]',
        "orders in [1, 2, 3]",
        "-orders in [-3]",
        'due in [date("2026-03-01")]',
        "signed_in",
        "signed_in == true",
        "signed_in in [true]",
        "not (signed_in == false)",
        "true",
        "false or not false",
        "orders * 2 + 1 == 7 and orders / 2 == 1.5 and orders - 1 == 2",
        "-orders < 0 < --orders",
        "due - today <= 2",
        "due - 2 == today",
        "today + 2 == due and 2 + today == due",
        'today + 1.9 == date("2026-02-28") and today - 1.9 == date("2026-02-26")',
        '(today - born) / 365.25 >= 18 and born < date("2008-02-27")',
        'signed_in and page == "records" or 1 / orders > 1',
        "  orders\n >=\r\n 2 ",
        "'mobile' == device",
        "(orders >= 2) == true",
        "1 < orders in [3]",
    ],
)
def test_rules_that_hold(source: str) -> None:
    """Comparisons, logic, lists, arithmetic on numbers and dates."""
    assert holds(source)


@pytest.mark.parametrize(
    "source",
    [
        "orders > 3",
        "3 < orders < 2",
        'device == "tablet"',
        "false",
        "not signed_in",
        "due == today",
        "orders == 3 == 4",
    ],
)
def test_rules_that_do_not_hold(source: str) -> None:
    """What is false is false."""
    assert not holds(source)


@pytest.mark.parametrize(
    "source",
    [
        "orders >= 2",
        "not (orders >= 2)",
        "orders == orders",
        "orders in [1]",
        "orders not in [1]",
        "-orders < 1",
        "orders + 1 > 0",
        "1 < 2 < orders",
        "orders >= 2 and true",
        "orders >= 2 or false",
        "not (orders >= 2 or false)",
        "(orders >= 2) == (orders >= 2)",
        "born + orders > born",
        "born < today",
        "signed_in",
        "not signed_in",
    ],
)
def test_a_missing_fact_makes_no_rule_hold(source: str) -> None:
    """Unknown is not true, and its contrary is not true either."""
    assert not holds(source, {})
    assert not holds(source, dict.fromkeys(TYPES))


def test_what_is_certain_holds_in_spite_of_missing_facts() -> None:
    """Kleene's logic: true or unknown is true, false and unknown is false."""
    assert holds("orders >= 2 or true", {})
    assert holds("true or orders >= 2", {})
    assert holds("not (orders >= 2 and false)", {})
    assert holds("not (orders < 1 < 0)", {})


@pytest.mark.parametrize(
    ("source", "facts"),
    [
        ("1 / orders > 0", {"orders": 0}),
        ("not (1 / orders > 0)", {"orders": 0}),
        ("orders * 1e300 > 0", {"orders": 1e300}),
        ("orders + 1 > 0", {"orders": float("inf")}),
        ("orders == orders", {"orders": float("nan")}),
        ("orders > 0", {"orders": 10**400}),
        ("orders * orders * orders > 0", {"orders": 10**200}),
        ("today + orders > today", {"orders": 10**9, "today": date(2026, 1, 1)}),
        ("today - 800000 < today", {"today": date(2026, 1, 1)}),
        ("orders > 0", {"orders": "three"}),
        ("orders > 0", {"orders": True}),
        ("signed_in", {"signed_in": 1}),
        ('device != "mobile"', {"device": 4}),
        ("born < today", {"born": "1990-01-01", "today": date(2026, 1, 1)}),
    ],
)
def test_what_cannot_be_calculated_is_unknown(source: str, facts: Facts) -> None:
    """No rule raises: divisions by zero, numbers and dates out of range, facts of another type than declared."""
    assert not holds(source, facts)


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ("", 1, "empty"),
        (" \n ", 1, "empty"),
        ("orders >=", 9, "cannot be read"),
        ("orders >= 2)", 12, "cannot be read"),
        ('device == "mobile', 11, "cannot be read"),
        ("orders => 2", 8, "cannot be read"),
        ("orders >= 2 # many", 13, "no comments"),
        ("ordrs >= 2", 1, "There is no field ordrs; did you mean orders?"),
        ("xyzzy >= 2", 1, "declare it in fields.toml"),
        ('   device == "mobile" and ordrs >= 2', 27, "There is no field ordrs"),
        ('page == "è" and ordrs >= 2', 17, "There is no field ordrs"),
        ("orders", 1, "A rule is true or false, and this is a number"),
        ("orders + 1", 1, "A rule is true or false, and this is a number"),
        ('"mobile"', 1, "this is a text"),
        ("orders and true", 1, "'and' needs true or false here, and this is a number"),
        ("true or device", 9, "'or' needs true or false here, and this is a text"),
        ("not orders", 5, "'not' needs true or false here"),
        ('orders >= "2"', 11, "A number cannot be compared with a text."),
        ("device == 2", 11, "A text cannot be compared with a number."),
        ('due == "2026-03-01"', 8, 'Write a date as date("2026-01-31").'),
        ("signed_in == 1", 14, "True or false cannot be compared with a number."),
        ('page < "records"', 8, "Only numbers and dates have an order"),
        ("signed_in < true", 13, "Only numbers and dates have an order"),
        ('device == "mobil"', 11, "device never has this value; it has: desktop, mobile, tablet."),
        ('"mobil" != device', 1, "device never has this value"),
        ('device in ["mobile", "mobil"]', 22, "device never has this value"),
        ("orders in [1, due]", 15, "literal values only"),
        ("orders in [1 + 1]", 12, "literal values only"),
        ("orders in [1, 'a']", 15, "A number cannot be compared with a text."),
        ("orders in []", 11, "After 'in' stands a list"),
        ("orders in (1, 2)", 11, "After 'in' stands a list"),
        ("orders in 3", 11, "After 'in' stands a list"),
        ("orders in [1] == true", 11, "A list may stand only after 'in'."),
        ("[1] == orders", 1, "A list may stand only after 'in'."),
        ("orders is 3", 11, "no 'is'"),
        ("orders == None", 11, "no word for a missing fact"),
        ("signed_in == True", 14, "small letters"),
        ("orders % 2 == 1", 1, "Numbers take + - * /"),
        ("orders ** 2 == 9", 1, "Numbers take + - * /"),
        ("due + due > due", 1, "this is a date with a date"),
        ("due * 2 > due", 1, "this is a date with a number"),
        ("2 - due > due", 1, "this is a number with a date"),
        ('page + "x" == page', 1, "this is a text with a text"),
        ("-due > due", 1, "A minus needs a number"),
        ("+orders > 1", 1, "this is none of them"),
        ("~orders > 1", 1, "this is none of them"),
        ("1e999 > orders", 1, "too large"),
        ("orders > 1j", 10, "this is none of them"),
        ("orders > ...", 10, "this is none of them"),
        ('page == b"x"', 9, "this is none of them"),
        ('page == f"{page}"', 9, "plain, without placeholders"),
        ("orders.real > 1", 1, "behind a dot"),
        ("orders[0] > 1", 1, "brackets"),
        ("len(page) > 1", 1, "calls nothing but date"),
        ("(lambda: true)()", 1, "calls nothing but date"),
        ("due > date", 7, 'A date is written date("2026-01-31")'),
        ("due > date()", 7, "year, month and day"),
        ('due > date("2026-02-30")', 7, "year, month and day"),
        ('due > date("20260228")', 7, "year, month and day"),
        ('due > date("2026-W09-1")', 7, "year, month and day"),
        ("due > date(page)", 7, "year, month and day"),
        ('due > date(iso="2026-02-28")', 7, "year, month and day"),
        ("true if signed_in else false", 1, "no if and else"),
        ("[true for x in page]", 1, "A rule does not loop"),
        ("orders in [x for x in page]", 11, "After 'in' stands a list"),
        ("(true for x in page)", 1, "A rule does not loop"),
        ("lambda: true", 1, "A rule does not loop"),
        ("while true: orders", 1, "cannot be read"),
        ("orders > 1 and orders / 0 > 1", 25, "This divides by zero"),
        ("orders / -0.0 > 1", 10, "This divides by zero"),
        ("(x := true)", 2, "this is none of them"),
        ("(yield)", 2, "this is none of them"),
        ("page == '\\d'", 9, "cannot be read"),
        ("\0", 1, "cannot be read"),
        ("\ud800 == 1", 1, "cannot be read"),
        ("not " * DEEPEST + "true", 4 * DEEPEST + 1, "at most 40 levels"),
        ("(" * 250 + "true" + ")" * 250, 201, "cannot be read"),
        ("-" * 1900 + "1 > 0", DEEPEST, "at most 40 levels"),
        ("orders > 1" + " " * LONGEST, LONGEST + 1, "at most 2000 characters"),
    ],
)
def test_what_is_no_rule_is_refused(source: str, column: int, message: str) -> None:
    """With a message that says what to change, and the column where."""
    error = refused(source)
    assert message in error.message
    assert error.column == column


def test_a_rule_names_what_it_reads() -> None:
    """Every field, `today` not among them, whether or not it could change the answer."""
    source = 'due - today < 3 or (true or orders > 1) and device in ["mobile"]'
    assert compile_rule(source, TYPES).reads == {"due", "orders", "device"}


def test_rules_are_equal_by_source() -> None:
    """So that two readings of one bundle are one bundle."""
    assert compile_rule("orders > 1", TYPES) == compile_rule("orders > 1", TYPES)
    assert compile_rule("orders > 1", TYPES) != compile_rule("orders > 2", TYPES)
    assert len({compile_rule("orders > 1", TYPES), compile_rule("orders > 1", TYPES)}) == 1


def test_a_chain_of_chains_is_evaluated_once() -> None:
    """Each part of a chain is looked at once, however deep chains stand in each other."""
    source = "true"
    for _ in range(18):
        source = f"true == ({source}) == true"
    assert holds(source)


def test_a_rule_looks_at_a_fact_only_where_it_stands() -> None:
    """`reads` is all that a rule can see."""

    class Watched(dict[str, object]):
        seen: set[str] = set()  # noqa: RUF012 - one watch for one test

        def get(self, key: str, default: object = None) -> object:
            self.seen.add(key)
            return super().get(key, default)

    facts = Watched(FACTS)
    rule = compile_rule("orders > 1 and signed_in", TYPES)
    assert rule.holds(facts)  # pyright: ignore[reportArgumentType] - a dict that keeps watch
    assert facts.seen == rule.reads


def test_the_clauses_of_a_rule_say_which_of_them_failed() -> None:
    """What `and` joins is told apart, however it is nested; `or`, `not` and chains are one clause each."""
    source = (
        '  (orders >= 5 and device == "mobile") and (days < 1 or signed_in) and 1 < views\n < 9 and due - today > 0'
    )
    rule = compile_rule(source, {**TYPES, "views": "number"}, VALUES)
    assert [(clause.text, clause.column, clause.reads, clause.found(FACTS)) for clause in rule.clauses] == [
        ("orders >= 5", 4, ("orders",), "failed"),
        ('device == "mobile"', 20, ("device",), "held"),
        ("days < 1 or signed_in", 45, ("days", "signed_in"), "held"),
        ("1 < views  < 9", 72, ("views",), "unknown"),
        ("due - today > 0", 91, ("due", "today"), "held"),
    ]
