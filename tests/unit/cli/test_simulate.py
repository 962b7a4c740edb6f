"""`placet journeys simulate`: what a log would do, told move by move, and refused with line and remedy."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main
from tests.conftest import ROOT

HEADER = "subject,event,channel,occurred_at,sentiment"
LOG = [
    "ada,ad_impression,social,2026-01-02T10:00:00Z,1",
    "ada,search,web,2026-01-05T10:00:00Z,0",
    "ada,purchase,shop,2026-01-09T18:00:00+01:00,2",
    "bob,search,web,2026-01-05T10:00:00Z,-2",
    "bob,checkout,web,2026-01-09T10:00:00Z,",
    "ada,search,web,2026-02-20T10:00:00Z,",
    "ada,relationship_ended,crm,2026-03-20T10:00:00Z,",
    "zoe,visit_zoo,crm,2026-01-05T10:00:00Z,",
    "bob,page_error,web,2026-09-05T10:00:00Z,",
]


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACET_POLICIES_DIR", str(ROOT / "policies"))


def simulate(folder: Path, lines: Sequence[str], *options: str, name: str = "log.csv") -> Result:
    """The command on a file with these lines."""
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return CliRunner().invoke(main, ["journeys", "simulate", str(file), *options])


def simulated(folder: Path, lines: Sequence[str], *options: str, name: str = "log.csv") -> dict[str, Any]:
    """What it tells programs, of a log that is good."""
    result = simulate(folder, lines, "--json", *options, name=name)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def ways(document: dict[str, Any]) -> dict[str, list[tuple[str, str | None]]]:
    """Each person's moves: on which day, and to which stage."""
    return {each["person"]: [(move["at"][:10], move["to"]) for move in each["moves"]] for each in document["people"]}


def test_moves_are_told_with_time_and_evidence(tmp_path: Path) -> None:
    """Forward, back, to nowhere when evidence expires or the relationship ends; and who is nowhere has no moves."""
    document = simulated(tmp_path, [HEADER, *LOG])
    assert ways(document) == {
        "ada": [
            ("2026-01-02", "see"),
            ("2026-01-05", "think"),
            ("2026-01-09", "care"),
            ("2026-02-20", "think"),
            ("2026-03-20", None),
        ],
        "bob": [("2026-01-05", "think"), ("2026-01-09", "do"), ("2026-07-08", None)],
        "zoe": [],
    }
    ada, bob, _ = document["people"]
    assert ada["moves"][2] == {
        "at": "2026-01-09T17:00:00Z",
        "from": "think",
        "to": "care",
        "evidence": {"see": 0.485766, "think": 1.30759, "care": 8.0},
    }
    assert (ada["stage"], ada["persona"], bob["persona"]) == (None, "occasional", None)
    assert document["until"] == "2026-09-05T10:00:00Z"


def test_totals_are_of_everybody(tmp_path: Path) -> None:
    """People by stage and persona, moves and who made them, events by kind with how they felt, and what has no rule."""
    totals = simulated(tmp_path, [HEADER, *LOG])["totals"]
    assert (totals["events"], totals["people"], totals["without_a_rule"]) == (9, 3, 1)
    assert {row["stage"]: row["people"] for row in totals["stages"]} == {
        "see": 0,
        "think": 0,
        "do": 0,
        "care": 0,
        None: 3,
    }
    assert {row["persona"]: row["people"] for row in totals["personas"]}["occasional"] == 1
    back = [(row["from"], row["to"], row["moves"], row["people"]) for row in totals["moves"] if row["back"]]
    assert back == [("care", "think", 1, 1)]
    kinds = {row["event"]: row for row in totals["touchpoints"]}
    search = {name: kinds["search"][name] for name in ("events", "stage", "moment", "sentiment", "feels", "gap")}
    assert search == {
        "events": 3,
        "stage": "think",
        "moment": "I want to know",
        "sentiment": -1.0,
        "feels": 0,
        "gap": -1.0,
    }
    roles = {event: kinds[event]["role"] for event in ("relationship_ended", "page_error", "visit_zoo")}
    assert roles == {"relationship_ended": "end", "page_error": "friction", "visit_zoo": None}
    assert kinds["visit_zoo"]["first_line"] == 9


def test_neither_order_nor_form_of_the_lines_matters(tmp_path: Path) -> None:
    """A shuffled log, one of JSON, and one of touchpoints as the service takes them come to the same."""
    expected = simulated(tmp_path, [HEADER, *LOG])["people"]
    shuffled = Random(5).sample(LOG, len(LOG))  # noqa: S311 - a seeded order
    assert simulated(tmp_path, [HEADER, *shuffled])["people"] == expected
    names = HEADER.split(",")
    rows = [{name: cell for name, cell in zip(names, line.split(","), strict=True) if cell} for line in shuffled]
    bodies: list[dict[str, Any]] = [
        {**row, **({"sentiment": int(row["sentiment"])} if "sentiment" in row else {})} for row in rows
    ]
    assert simulated(tmp_path, [json.dumps(body) for body in bodies], name="log.jsonl")["people"] == expected
    identified = [body | {"subject": {"kind": "customer_id", "value": body["subject"]}} for body in bodies]
    people = simulated(tmp_path, [json.dumps(body) for body in identified], name="log.jsonl")["people"]
    assert [each["person"] for each in people] == [f"customer_id:{each['person']}" for each in expected]


def test_an_id_counts_once_for_its_person(tmp_path: Path) -> None:
    """A line with an id that its person had before is the same contact, as it is over HTTP."""
    lines = [
        f"{who},search,web,2026-01-05T10:00:00Z,{name}" for who, name in (("ada", "1"), ("ada", "1"), ("bob", "1"))
    ]
    document = simulated(tmp_path, ["subject,event,channel,occurred_at,id", *lines])
    assert (document["totals"]["events"], document["totals"]["duplicates"]) == (2, 1)


WRONG = [
    ("secret,search,planted,2026-01-05T10:00:00Z,", "$.channel", "channels.toml has: ads, app"),
    ("secret,Planted Event,web,2026-01-05T10:00:00Z,", "$.event", "pattern"),
    ("secret,search,web,2026-01-05T10:00:00,", "$.occurred_at", "offset"),
    ("secret,search,web,2026-01-05T10:00:00Z,7", "$.sentiment", "at most 2"),
    ("secret,search,web,2026-01-05T10:00:00Z,planted", "$.sentiment", "whole number"),
    (",search,web,2026-01-05T10:00:00Z,", "$.subject", "required"),
    ("secret,search,web", "$", "3 cells"),
]


def test_every_wrong_line_is_told_and_nothing_simulated(tmp_path: Path) -> None:
    """Exit status 1, each reason with its first line and a remedy, and nothing of what a line says."""
    result = simulate(tmp_path, [HEADER, LOG[0], *(line for line, _, _ in WRONG)])
    assert result.exit_code == 1
    assert "secret" not in result.output
    assert "planted" not in result.output.lower()
    for number, (_, path, remedy) in enumerate(WRONG, 3):
        told = [
            line for line in result.output.splitlines() if f"{path}:" in line and f"(first in line {number})" in line
        ]
        assert any(remedy in line for line in told), (path, result.output)
    document = json.loads(simulate(tmp_path, [HEADER, WRONG[0][0]], "--json").stdout)
    assert (document["outcome"], document["refused"], document["reasons"][0]["first_line"]) == ("refused", 1, 2)


def test_what_cannot_be_used_is_status_two(tmp_path: Path) -> None:
    """A file that is not there or holds nothing, a header without a column, another ending, an unknown journey."""
    assert CliRunner().invoke(main, ["journeys", "simulate", str(tmp_path / "none.csv")]).exit_code == 2
    for lines, options, name, remedy in (
        ([HEADER], (), "log.csv", "holds no event"),
        ([], (), "log.jsonl", "holds no event"),
        (["subject,event,channel"], (), "log.csv", "no column occurred_at"),
        ([f"{HEADER},colour"], (), "log.csv", "no such column: 'colour'"),
        ([HEADER, *LOG], ("--journey", "planted"), "log.csv", "it has: aida, five-phases, see-think-do-care"),
        ([HEADER, *LOG], (), "log.txt", "neither with .csv nor with .jsonl"),
    ):
        result = simulate(tmp_path, lines, *options, name=name)
        assert result.exit_code == 2, result.output
        assert remedy in result.output


def test_a_bundle_with_mistakes_is_status_one(tmp_path: Path) -> None:
    """The mistakes are told, as `policies check` tells them."""
    (tmp_path / "policies").mkdir()
    result = simulate(tmp_path, [HEADER, *LOG], "--policies", str(tmp_path / "policies"))
    assert result.exit_code == 1
    assert "copy the example shop" in result.output


@pytest.mark.parametrize("people", [0, 1, 10])
def test_the_screen_shows_the_first_people_and_all_totals(tmp_path: Path, people: int) -> None:
    """As many people as asked for, then what everybody comes to, without anything that a terminal must understand."""
    result = simulate(tmp_path, [HEADER, *LOG], "--people", str(people))
    assert result.exit_code == 0
    assert [name for name in ("ada", "bob", "zoe") if name in result.output] == ["ada", "bob", "zoe"][:people]
    for title in (
        "In the end",
        "Moves",
        "Personas",
        "Touchpoints",
        "Events that no rule speaks of",
        "9 events of 3 people",
    ):
        assert title in result.output
    assert "\x1b" not in result.output


def test_a_label_is_no_markup(tmp_path: Path) -> None:
    """What a log calls people is shown as it is."""
    result = simulate(tmp_path, [HEADER, LOG[0].replace("ada", "[red]x[/red]")])
    assert "[red]x[/red]" in result.output


def test_the_example_of_the_document_is_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/customer-journey.md shows a log, and what the command makes of it."""
    monkeypatch.setenv("COLUMNS", "100")
    page = (ROOT / "docs" / "customer-journey.md").read_text()
    log = page.split("```csv\n")[1].split("```")[0]
    shown = [line.rstrip() for line in simulate(tmp_path, log.splitlines()).output.splitlines()]
    table = page.split("```text\n")[1].split("```")[0].splitlines()
    assert table == [line for line in shown if line in table]
