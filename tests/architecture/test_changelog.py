"""The changelog has the form that it says it has, so that an operator finds each thing once."""

import re
from collections import Counter

from tests.architecture.documents import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
VERSION = re.compile(r"^## ", re.MULTILINE)
HEADING = re.compile(r"^### (.+)$", re.MULTILINE)


def test_no_heading_repeats_within_a_version() -> None:
    """What was added, changed and fixed, and what is to be done, stands in one place of each version."""
    _, *versions = VERSION.split(CHANGELOG)
    repeated = {
        version.splitlines()[0]: [heading for heading, times in Counter(HEADING.findall(version)).items() if times > 1]
        for version in versions
    }
    assert {version: headings for version, headings in repeated.items() if headings} == {}


def test_headings_stand_apart() -> None:
    """Before and after each heading is a blank line, without which some readers show it as text."""
    lines = ["", *CHANGELOG.splitlines(), ""]
    crowded = [
        line
        for before, line, after in zip(lines, lines[1:], lines[2:], strict=False)
        if line.startswith("#") and (before or after)
    ]
    assert crowded == []
