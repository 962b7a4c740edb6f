"""The threat model claims what a test holds, and no longer says "no test yet" when there is one."""

import re
from functools import cache

from tests.architecture.documents import ROOT

TEST = re.compile(r"\btest_\w+")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
HELD = re.compile(r"^\|(?P<cells>.*)\| held by \|\n\|[-| ]+\|\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE)
OPEN = "no test yet"


def document() -> str:
    """The page."""
    return (ROOT / "docs/threat-model.md").read_text()


@cache
def known() -> frozenset[str]:
    """The names of all tests."""
    defined = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    return frozenset(name for path in ROOT.glob("tests/**/test_*.py") for name in defined.findall(path.read_text()))


def test_the_tests_that_are_named_exist() -> None:
    """Whoever looks up a claim finds the test."""
    assert set(TEST.findall(COMMENT.sub("", document()))) - known() == set()


def test_every_claim_has_a_test_or_says_that_it_has_none() -> None:
    """Each row of a table of claims names a test, or says that there is none."""
    rows = [row for found in HELD.finditer(document()) for row in found["rows"].splitlines()]
    assert len(rows) > 30
    claims = [COMMENT.sub("", row).rstrip(" |").rpartition("|")[2] for row in rows]
    assert [claim for claim in claims if not TEST.search(claim) and OPEN not in claim] == []


def test_a_claim_that_has_a_test_names_it() -> None:
    """A test that a claim waits for, in a comment beside "no test yet", is named as soon as there is one."""
    waiting = {name for comment in COMMENT.findall(document()) for name in TEST.findall(comment)}
    assert waiting & known() == set()
