"""A rule that cannot be used is refused when the policies are loaded, with its file, place, column and clause."""

import pytest
from click.testing import CliRunner

from service.cli.policies import policies
from tests.unit.policy.folder import Folder

KNOWN = "lifetime_orders >= 1"
REFUSED = [
    ("[true for x in device]", 26, "A rule does not loop", "[true for x in device]"),
    ("while true: true", 26, "cannot be read as a rule", "while true: true"),
    ("days_since_last_order / 0 > 1", 50, "This divides by zero", "days_since_last_order / 0 > 1"),
    ('product_views > "3"', 42, "A number cannot be compared with a text.", 'product_views > "3"'),
    ("device == 3", 36, "A text cannot be compared with a number.", "device == 3"),
    ("income > 3", 26, "There is no field income", "income > 3"),
    ("device in [income]", 37, "There is no field income", "device in [income]"),
    ("open('/etc/passwd')", 26, "A rule calls nothing but date", "open('/etc/passwd'"),
    ("product_views.__class__ == 1", 26, "nothing has parts behind a dot", "product_views.__class__ == 1"),
    ('device == "' + "m" * 10_000 + '"', 2001, "A rule has at most 2000 characters", "…"),
]
"""A second clause, the column at which it is refused after the first, why, and what is quoted of it."""

PLACES = {
    "offers/do.toml": ('rule = "lifetime_orders < 1"', "rule = {}", "offer.easy-returns.rule"),
    "offers/see-think.toml": (
        "when = 'persona == \"researcher\"'",
        "when = {}",
        "offer.guide-headphones.weight[0].when",
    ),
    "personas.toml": ('rule = "product_views >= 5"', "rule = {}", "persona.researcher.rule"),
}
"""Where a bundle has rules: what stands there, and the path at which it is told."""


@pytest.mark.parametrize(("clause", "column", "why", "quoted"), REFUSED, ids=[why for _, _, why, _ in REFUSED])
@pytest.mark.parametrize("file", PLACES)
def test_a_rule_is_refused_with_its_column_and_clause(
    folder: Folder, file: str, clause: str, column: int, why: str, quoted: str
) -> None:
    """By whoever loads the policies, and by `placet policies check`, which ends with status 1."""
    old, new, path = PLACES[file]
    folder.edit(file, old, new.format(f"'''{KNOWN} and {clause}'''"))
    ((at, where, told),) = folder.mistakes()
    assert (at, where) == (file, path)
    assert told.startswith(f"column {column}: ")
    assert why in told
    assert told.endswith(quoted)
    result = CliRunner().invoke(policies, ["check", str(folder.path)])
    assert result.exit_code == 1
    assert f"{file}: {path}: column {column}: " in result.stderr


def test_an_empty_rule_is_refused(folder: Folder) -> None:
    """Whoever wants none leaves it out."""
    folder.edit("offers/do.toml", '"lifetime_orders < 1"', '" "')
    ((_, path, told),) = folder.mistakes()
    assert (path, told[:28]) == ("offer.easy-returns.rule", "column 1: The rule is empty;")
