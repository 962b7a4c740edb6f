"""What two bundles say differently: all of it, in the words of the files, and nothing else."""

import json
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from service.cli.policies import policies
from service.policy.differences import KINDS, Difference, Part, differences
from service.policy.load import load
from service.policy.model import Bundle
from tests.unit.policy.folder import SHIPPED, Folder

OFFER = """
[offer.spring]
title = { it = "Primavera", en = "Spring" }
placements = ["home_hero"]
purposes = []
priority = 1
content.it = { headline = "Primavera" }
content.en = { headline = "Spring" }
"""


def changed(folder: Folder) -> list[Difference]:
    """What the folder says otherwise than the shop that ships."""
    return differences(Folder(folder.path.with_name("old")).load(), folder.load())


@pytest.mark.parametrize(
    ("file", "old", "new", "kind", "thing", "part"),
    [
        ("offers/do.toml", "priority = 50", "priority = 70", "offer", "try-in-shop", Part("priority", 50, 70)),
        ("contact.toml", "limit = 8", "limit = 3", "cap", "same-offer", Part("limit", 8, 3)),
        ("contact.toml", "dismissal-days = 30", "dismissal-days = 9", "contact", "", Part("dismissal-days", 30, 9)),
        (
            "contact.toml",
            "08:00-21:00",
            "08:00-20:00",
            "calendar",
            "waking-hours",
            Part("hours", ["08:00:00 to 21:00:00"], ["08:00:00 to 20:00:00"]),
        ),
        (
            "placements.toml",
            'ranking = "weighted"',
            'ranking = "thompson"',
            "placement",
            "product_sidebar",
            Part("ranking", "weighted", "thompson"),
        ),
        ("purposes.toml", "= 395", "= 400", "purpose", "analytics", Part("retention-days", 395, 400)),
        ("purposes.toml", '["ads"]', "[]", "purpose", "analytics", Part("recipients", ["ads"], [])),
        ("controller.toml", "approvals = 1", "approvals = 2", "controller", "", Part("approvals", 1, 2)),
        ("journeys/aida.toml", "expiry-days = ", "expiry-days = 1", "journey", "aida", Part("expiry-days", 180, 1180)),
    ],
)
def test_a_change_is_told_with_what_was_and_is(
    folder: Folder, file: str, old: str, new: str, kind: str, thing: str, part: Part
) -> None:
    """One edit is one difference: of which thing, where in it, from what to what."""
    folder.edit(file, old, new)
    found = [difference for difference in changed(folder) if difference.kind != "notice"]
    assert found == [Difference(kind, thing, "changed", (part,))]


def test_things_come_and_go(folder: Folder) -> None:
    """A new offer is new, and the other way round it is gone."""
    folder.add("offers/contextual.toml", OFFER)
    assert changed(folder) == [Difference("offer", "spring", "added")]
    old, new = folder.load(), Folder(folder.path.with_name("older")).load()
    assert differences(old, new) == [Difference("offer", "spring", "removed")]


def test_parts_of_lists_are_told_one_by_one(folder: Folder) -> None:
    """A stage, a touchpoint rule or a friction is named, and only what changed of it is told."""
    file = "journeys/see-think-do-care.toml"
    folder.edit(file, 'owner = "Brand"', 'owner = "Press"')
    folder.edit(file, "times = 4", "times = 5")
    (found,) = changed(folder)
    assert found.parts == (
        Part("stages.see.owner", "Brand", "Press"),
        Part("friction.searching-in-circles.times", 4, 5),
    )


def test_the_order_of_personas_counts(folder: Folder) -> None:
    """Of several the first counts, so that another order is a difference."""
    text = (folder.path / "personas.toml").read_text()
    first, *others = text.split("\n[persona.")[1:]
    head = text.split("\n[persona.")[0]
    folder.write("personas.toml", "\n[persona.".join([head, *others, first + "\n"]))
    assert [(one.kind, [part.path for part in one.parts]) for one in changed(folder)] == [
        ("field", ["values"]),
        ("settings", ["order-of-personas"]),
    ]


def test_what_a_notice_fills_in_changes_its_text(folder: Folder) -> None:
    """Another name of the controller is another text, whose words are not repeated."""
    name = folder.load().controller.name
    folder.edit("controller.toml", name, "Another Shop")
    controller, *notices = changed(folder)
    assert controller == Difference("controller", "", "changed", (Part("name", name, "Another Shop"),))
    assert {notice.id for notice in notices} == {"shop 1.0 en", "shop 1.0 it"}
    assert {part.path for notice in notices for part in notice.parts} == {"sha256"}


def test_the_same_bundle_differs_in_nothing() -> None:
    """Nothing is told of what is the same."""
    folder = SHIPPED
    result = CliRunner().invoke(policies, ["diff", str(folder), str(folder)])
    assert (result.exit_code, result.stdout.startswith("Both are sha256:")) == (0, True)


def test_everything_that_a_bundle_says_is_compared() -> None:
    """A noun that a bundle gets one day is not forgotten: each of its parts is asked for by some kind."""
    asked: set[str] = set()

    class Asked:
        """Notes which parts of a bundle are asked for."""

        def __init__(self, bundle: Bundle) -> None:
            self._bundle = bundle

        def __getattr__(self, name: str) -> object:
            asked.add(name)
            return getattr(self._bundle, name)

    for of in KINDS.values():
        of(cast("Bundle", Asked(load(SHIPPED))))
    assert asked == set(Bundle.__struct_fields__) - {"digest"}


def test_people_and_programs_are_told_the_same(folder: Folder, tmp_path: Path) -> None:
    """In words and as JSON, with status 1 where there is a difference and 2 where one is no bundle."""
    old = str(Folder(tmp_path / "old").path)
    folder.edit("placements.toml", 'ranking = "weighted"', 'ranking = "priority"')
    folder.add("offers/contextual.toml", OFFER)
    result = CliRunner().invoke(policies, ["diff", old, str(folder.path)])
    assert result.exit_code == 1
    assert '\nplacement product_sidebar\n  ranking: "weighted" -> "priority"\noffer spring is new\n' in result.stdout
    result = CliRunner().invoke(policies, ["diff", old, str(folder.path), "--json"])
    told = json.loads(result.stdout)
    assert (result.exit_code, told["same"]) == (1, False)
    assert [(one["kind"], one["id"], one["change"]) for one in told["differences"]] == [
        ("placement", "product_sidebar", "changed"),
        ("offer", "spring", "added"),
    ]
    folder.edit("controller.toml", "approvals = 1", "approvals = 3")
    result = CliRunner().invoke(policies, ["diff", old, str(folder.path)])
    assert (result.exit_code, "controller.toml: approvals" in result.stderr) == (2, True)
    result = CliRunner().invoke(policies, ["diff", old, "sha256:0123456789"], env={"PLACET_DATABASE_URL": None})
    assert (result.exit_code, "PLACET_DATABASE_URL" in result.stderr) == (2, True)
