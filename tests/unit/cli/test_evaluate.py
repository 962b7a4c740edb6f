"""What if another policy had decided: real logs of a shop that showed offers by chance and by a bandit, bad files."""

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main
from tests.conftest import ROOT

DATA = ROOT / "../shared/data/open-bandit"
real = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there: the Open Bandit Dataset")
HEADER = "placement,offer,propensity,success,target\n"


def evaluated(*options: str | Path) -> Result:
    """The command, run to its end in this process; it needs neither settings nor a database."""
    return CliRunner().invoke(main, ["offers", "evaluate", *map(str, options)])


def answered(*options: str | Path) -> Any:
    """What it says for programs, once it has ended well."""
    ran = evaluated(*options, "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def chance(seed: int) -> random.Random:
    """Chance that comes out the same again."""
    return random.Random(seed)  # noqa: S311 - nothing here is a secret


def rows_of(name: str) -> list[dict[str, str]]:
    """A log of the dataset, read by nothing of ours."""
    with gzip.open(DATA / name, "rt") as file:
        return list(csv.DictReader(file))


def written(path: Path, lines: Iterable[str]) -> Path:
    """A file of these lines."""
    path.write_text("".join(lines))
    return path


@real
def test_the_log_of_chance_agrees_with_the_bandit_that_ran() -> None:
    """SNIPS of the bandit on the random log is what the formula gives, and its interval holds what the bandit had."""
    found = answered("--log", DATA / "random.csv.gz", "--target-log", DATA / "bts.csv.gz")
    by_chance, by_bandit = rows_of("random.csv.gz"), rows_of("bts.csv.gz")
    shown = Counter((row["position"], row["item_id"]) for row in by_bandit)
    of_position = Counter(row["position"] for row in by_bandit)
    for position, told in [*((one["placement"], one) for one in found["placements"]), ("", found["all"])]:
        log = [row for row in by_chance if row["position"].startswith(position)]
        own = [int(row["click"]) for row in by_bandit if row["position"].startswith(position)]
        weights = [
            shown[row["position"], row["item_id"]] / of_position[row["position"]] / float(row["propensity_score"])
            for row in log
        ]
        earned = sum(weight for weight, row in zip(weights, log, strict=True) if row["click"] == "1")
        assert told["decisions"] == len(log)
        assert told["successes"] == sum(int(row["click"]) for row in log)
        assert told["snips"]["value"] == pytest.approx(earned / sum(weights))
        assert told["ips"]["value"] == pytest.approx(earned / len(log))
        assert told["effective"] == pytest.approx(sum(weights) ** 2 / sum(weight**2 for weight in weights))
        assert (told["own"]["successes"], told["own"]["decisions"]) == (sum(own), len(own))
        for estimator in ("ips", "snips"):
            assert told[estimator]["interval"]["low"] <= sum(own) / len(own) <= told[estimator]["interval"]["high"]


@real
def test_an_interval_is_that_of_drawing_the_lines_again() -> None:
    """The interval that the command gives for the bandit is the one that drawing whole lines with replacement gives."""
    found = answered("--log", DATA / "random.csv.gz", "--target-log", DATA / "bts.csv.gz")
    by_bandit = rows_of("bts.csv.gz")
    shown = Counter((row["position"], row["item_id"]) for row in by_bandit)
    of_position = Counter(row["position"] for row in by_bandit)
    log = [
        (shown[row["position"], row["item_id"]] / of_position[row["position"]] * 80, row["click"] == "1")
        for row in rows_of("random.csv.gz")
    ]
    drawer, drawn = chance(11), list[float]()
    for _ in range(400):
        again = drawer.choices(log, k=len(log))
        drawn.append(sum(weight for weight, click in again if click) / sum(weight for weight, _ in again))
    drawn.sort()
    told = found["all"]["snips"]["interval"]
    assert told["low"] == pytest.approx(drawn[10], abs=0.0004)
    assert told["high"] == pytest.approx(drawn[-11], abs=0.0004)


@real
def test_logged_propensities_of_a_bandit_that_learnt_make_no_table(tmp_path: Path) -> None:
    """An offer is logged more often while it is probable, so their means add up to more than one and are refused."""
    scores: dict[tuple[str, str], list[float]] = {}
    for row in rows_of("bts.csv.gz"):
        scores.setdefault((row["position"], row["item_id"]), []).append(float(row["propensity_score"]))
    means = (f"{position},{item},{sum(of) / len(of)}\n" for (position, item), of in sorted(scores.items()))
    table = written(tmp_path / "means.csv", ["placement,offer,propensity\n", *means])
    ran = evaluated("--log", DATA / "random.csv.gz", "--target", table)
    assert ran.exit_code == 2
    assert "add up to 3.738, and not to 1" in ran.stderr
    again = evaluated("--log", DATA / "random.csv.gz", "--target", DATA / "bts.csv.gz")
    assert (again.exit_code, "--target-log" in again.stderr) == (2, True)


def test_a_table_a_column_and_a_log_are_three_ways_to_name_one_policy(tmp_path: Path) -> None:
    """The same policy gives the same numbers however it is given, from CSV and from JSON, in the order of no lines."""
    source = chance(1)
    lines = [(source.choice("abcd"), source.random() < 0.2) for _ in range(400)]
    targets = {"a": 0.5, "b": 0.25, "c": 0.25, "d": 0.0}
    log = written(
        tmp_path / "log.csv",
        [HEADER, *(f"hero,{offer},0.25,{won:d},{targets[offer]}\n" for offer, won in lines)],
    )
    packed = tmp_path / "log.jsonl.gz"
    with gzip.open(packed, "wt") as file:
        for offer, won in reversed(lines):
            file.write(json.dumps({"position": "hero", "item_id": offer, "propensity": 0.25, "click": won}) + "\n\n")
    table = written(tmp_path / "t.csv", ["placement;offer;propensity\n", "hero;a;0.5\nhero;b;0.25\nhero;c;0.25\n"])
    own = written(tmp_path / "own.jsonl", (f'{{"placement": "hero", "offer": "{offer}"}}\n' for offer in "abca"))
    ways = (("--log", log), ("--log", packed, "--target", table), ("--log", log, "--target-log", own))
    told = [answered(*options, "--bootstrap", "100")["all"] for options in ways]
    for other in told[1:]:
        assert other["snips"]["value"] == pytest.approx(told[0]["snips"]["value"])
        assert other["snips"]["interval"]["low"] == pytest.approx(told[0]["snips"]["interval"]["low"])
    assert [one["own"] for one in told] == [None, None, None]


def test_a_bundle_decides_on_what_a_line_says(tmp_path: Path) -> None:
    """What the page said, what was allowed and when is enough to ask a bundle; what it cannot use is told."""
    said = {"placement": "home_hero", "propensity": 0.5, "at": "2026-03-01T12:00:00Z", "facts": {"device": "mobile"}}
    lines = [
        said | {"offer": "shop-by-phone", "success": 1},
        said | {"offer": "welcome", "success": 0},
        said | {"offer": "welcome", "success": 1, "facts": {}},
        said | {"offer": "guide-headphones", "success": 1, "facts": {"stage": "think"}, "allowed": ["personalization"]},
        said | {"offer": "guide-headphones", "success": 1, "facts": {"stage": "think"}},
    ]
    log = written(tmp_path / "log.jsonl", (json.dumps(line) + "\n" for line in lines))
    found = answered("--log", log, "--policies", ROOT / "policies")["all"]
    assert (found["decisions"], found["matched"], found["mean_weight"]) == (5, 3, 2 * 3 / 5)
    for more, told in (
        ({"facts": {"device": "toaster"}}, "line 1: facts.device must be"),
        ({"facts": {"shoe_size": 43}}, "line 1: facts names an unknown field"),
        ({"allowed": ["everything"]}, "line 1: allowed names an unknown purpose"),
        ({"placement": "nowhere"}, "line 1: the bundle has no such placement"),
        ({"at": None}, "line 1: has no time (at)"),
        ({"at": "2026-03-01T12:00:00"}, "line 1: at must be a time with its offset"),
    ):
        written(log, [json.dumps(lines[0] | more)])
        ran = evaluated("--log", log, "--policies", ROOT / "policies")
        assert (ran.exit_code, told in ran.stderr) == (2, True), ran.stderr


def test_people_are_told_in_words(tmp_path: Path) -> None:
    """Rates with their intervals, what they rest on, and what makes them doubtful; one placement when asked for one."""
    lines = [*["hero,a,0.5,1,1\n"] * 60, *["hero,b,0.5,0,0\n"] * 60, "side,a,0.01,1,1\n"]
    log = written(tmp_path / "log.csv", [HEADER, *lines])
    ran = evaluated("--log", log)
    assert ran.exit_code == 0
    assert "placement hero: 120 decisions, 60 successes" in ran.stdout
    assert "as logged          50.000%" in ran.stdout
    assert "would be (SNIPS)  100.000%" in ran.stdout
    assert "all placements: 121 decisions" in ran.stdout
    assert "! Decisions that weigh more than 20: 1." in ran.stdout
    (one,) = answered("--log", log, "--placement", "hero")["placements"]
    assert (one["placement"], [doubt["doubt"] for doubt in one["doubts"]]) == ("hero", ["few"])


def test_a_log_that_shows_nothing_of_a_policy_says_so(tmp_path: Path) -> None:
    """Status 1, and no rate: the answer is that there is none."""
    log = written(tmp_path / "log.csv", [HEADER, "hero,a,1,1,0\n"])
    ran = evaluated("--log", log, "--json")
    assert (ran.exit_code, json.loads(ran.stdout)["all"]["snips"]) == (1, None)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("log.xlsx", "PK", "neither with .csv nor with .jsonl"),
        ("log", "PK", "neither with .csv nor with .jsonl"),
        ("log.csv", "", "no column placement (or position), offer (or item_id)"),
        ("log.csv", "placement,offer\nhero,a\n", "no column success (or click)"),
        ("log.csv", HEADER, "holds no decision"),
        ("log.csv", HEADER + "hero,a,0.5,1\n", "line 2: has 4 cells, and the first line names 5"),
        ("log.csv", HEADER + "hero,a,0.5,1,\n", "line 2: has no target"),
        ("log.csv", HEADER + "hero,a,1.5,1,1\nhero,a,0.5,maybe,1\n", "line 2: propensity must be at most 1.0"),
        ("log.csv", HEADER + "hero,a,1.5,1,1\nhero,a,0.5,maybe,1\n", "line 3: success must be true or false"),
        ("log.csv", HEADER + "hero,a,nan,1,1\n", "line 2: propensity must be"),
        ("log.csv", HEADER + "hero,,0.5,1,1\n", "line 2: offer is required"),
        ("log.csv", HEADER + 'hero,"a"b,0.5,1,1\n', "line 2: is not CSV"),
        ("log.csv", HEADER + "hero," + "x" * 1_100_000 + "\n", "line 2: is longer than"),
        ("log.csv", HEADER + 'hero,"' + "x\n" * 600_000, "line 2: is not CSV"),
        ("log.csv", HEADER.encode("utf-16").decode("latin-1"), "the first line is not UTF-8"),
        ("log.csv.gz", HEADER, "not a whole .gz file"),
        ("log.jsonl", "[]\n", "line 1: is not an object of JSON"),
        ("log.jsonl", '{"placement": "hero", "offer": "a", "success": 1, "target": 2}\n', "line 1: target must be"),
    ],
)
def test_a_bad_file_is_told_by_line(tmp_path: Path, name: str, content: str, told: str) -> None:
    """What is wrong, where, and nothing of the line itself; status 2."""
    path = tmp_path / name
    path.write_text(content, encoding="latin-1")
    ran = evaluated("--log", path)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "maybe" not in ran.stderr


def test_a_policy_is_named_once(tmp_path: Path) -> None:
    """Two policies at once are a mistake of usage, and so is a placement that the policy says nothing of."""
    log = written(tmp_path / "log.csv", [HEADER, "side,a,1,1,0\n"])
    table = written(tmp_path / "t.csv", ["placement,offer,propensity\nhero,a,1\n"])
    assert (evaluated("--log", log, "--target", table, "--target-log", log)).exit_code == 2
    ran = evaluated("--log", log, "--target", table)
    assert (ran.exit_code, "line 2: the policy says nothing of this placement" in ran.stderr) == (2, True)


def test_an_evaluation_can_be_stopped(tmp_path: Path) -> None:
    """Ctrl-C ends it with a sentence, and nothing is said of a part of a log."""
    pipe = tmp_path / "log.csv"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "service.cli", "offers", "evaluate", "--log", str(pipe)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    with pipe.open("w") as file:
        file.write(HEADER + "hero,a,1,1,1\n")
        file.flush()
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate()
    assert (process.returncode, said) == (1, "")
    assert "Stopped" in complained
    assert "Traceback" not in complained
