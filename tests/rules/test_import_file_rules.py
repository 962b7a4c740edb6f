"""The rules of consent in files of consents, as an operator imports them."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.consenting import HOUR, ON_CONSENT, text
from tests.importing import counts, imported, json_lines, line, row, table
from tests.running import Running, customer, running

NOT_AN_ACT = ("dismiss", "scroll", "preselected")


async def refusals(service: Running, path: Path) -> list[tuple[int, str, str]]:
    """How many lines of a file are refused for what, when everything else is recorded; each line is told once."""
    ran = await imported(service, path, "--json", "--skip-refused")
    told = ran.document
    assert (ran.status, told["outcome"]) == (1, "recorded")
    assert told["lines"] == told["recorded"] + told["refused"]
    assert "marker" not in ran.said + ran.complained
    return [(reason["first_line"], reason["path"], reason["reason"]) for reason in told["reasons"]]


@pytest.mark.rule("C2")
@pytest.mark.parametrize("method", NOT_AN_ACT)
async def test_a_file_cannot_bring_a_grant_that_was_no_act(service: Running, tmp_path: Path, method: str) -> None:
    """A preselected, scrolled or dismissed banner is not a grant, whoever says that it was one."""
    path = tmp_path / "consents.csv"
    path.write_text(table([row("good"), row("marker", method=method)]))
    ((number, place, reason),) = await refusals(service, path)
    assert (number, place) == (3, "$.method")
    assert "Recital 32" in reason
    assert await service.count("subjects") == 1


@pytest.mark.rule("C3")
@pytest.mark.parametrize(
    "decisions",
    [{"marker": "given"}, {"analytics": "given", "marker": "refused"}, {"service": "given"}, {}, {"analytics": "yes"}],
    ids=["unknown", "unknown beside a known one", "on another legal basis", "none", "no decision"],
)
async def test_a_file_cannot_bring_an_unknown_purpose(
    service: Running, tmp_path: Path, decisions: dict[str, str]
) -> None:
    """One decision per purpose; an unknown purpose is refused, never ignored, and nothing of its line is recorded."""
    path = json_lines(tmp_path / "consents.jsonl", [line("marker", decisions=decisions), line("good")])
    ((number, place, _),) = await refusals(service, path)
    assert (number, place.startswith("$.decisions")) == (1, True)
    assert await service.count("ledger_entries") == await service.count("subjects") == 1


@pytest.mark.rule("C3")
async def test_every_purpose_of_a_line_is_a_decision_of_its_own(service: Running, tmp_path: Path) -> None:
    """One decision per purpose: what a cell does not say is not decided."""
    decisions = {f"decisions.{p}": d for p, d in zip(ON_CONSENT, ("given", "refused", "given", ""), strict=True)}
    path = tmp_path / "consents.csv"
    path.write_text(table([row("ada", **decisions)]))
    assert counts(await imported(service, path, "--json")) == ("recorded", 1, 1, 0, 0)
    at = "2026-02-01T00:00:00Z"
    reasons = [(await service.check(customer("ada"), purpose, now=at))["reason"] for purpose in ON_CONSENT]
    assert reasons == ["consent_given", "refused", "consent_given", "unknown"]


@pytest.mark.rule("C11")
async def test_a_line_from_the_future_is_refused_alone(service: Running, tmp_path: Path) -> None:
    """A fast clock changes nothing: a decision from the future is refused, and one without a date too."""
    soon = text(datetime.now(UTC) + HOUR)
    lines = [line("good"), line("marker", collected_at=soon), line("marker 2", collected_at=None)]
    path = json_lines(tmp_path / "consents.jsonl", lines)
    future, undated = await refusals(service, path)
    assert (future[:2], undated[:2]) == ((2, "$.collected_at"), (3, "$.collected_at"))
    assert await service.count("subjects") == 1


@pytest.mark.rule("C11")
async def test_an_old_file_overrides_nothing(service: Running, tmp_path: Path) -> None:
    """A late-arriving older grant never overrides a refusal or withdrawal, also of somebody who is here already."""
    await service.give(customer("ada"), "analytics")
    await service.withdraw(customer("ada"))
    path = json_lines(tmp_path / "consents.jsonl", [line("ada")])
    assert counts(await imported(service, path, "--json")) == ("recorded", 1, 1, 0, 0)
    assert (await service.check(customer("ada"), "analytics"))["reason"] == "withdrawn"


@pytest.mark.rule("C17")
async def test_a_file_cannot_bring_a_child_alone(service: Running, tmp_path: Path) -> None:
    """Below the country's age of consent a grant needs a verified guardian, also where it was collected elsewhere."""
    path = tmp_path / "consents.csv"
    guardian = {
        "minor": "true",
        "guardian.identifier.kind": "customer_id",
        "guardian.identifier.value": "her father",
        "guardian.verified_by": "identity card",
    }
    path.write_text(table([row("mia", **guardian), row("marker", **dict.fromkeys(guardian, "") | {"minor": "true"})]))
    ((number, place, _),) = await refusals(service, path)
    assert (number, place) == (3, "$.minor")
    assert await service.count("ledger_entries") == 1


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"subject": {"kind": "email", "value": "marker at example"}}, "$"),
        ({"subject": {"kind": "marker", "value": "1"}}, "$"),
        ({"subject": None}, "$"),
        ({"site": "marker"}, "$.site"),
        ({"notice": {"id": "shop", "version": "0.9", "language": "it"}}, "$.notice"),
        ({"method": "form"}, "$.method"),
        ({"evidence": {"marker": "1"}}, "$.evidence"),
        ({"collected_at": "2026-01-15"}, "$.collected_at"),
        ({"collected_at": "2026-01-15T09:30:00"}, "$.collected_at"),
        ({"marker": 1}, "$"),
    ],
)
async def test_each_mistake_of_a_line_has_its_place(
    service: Running, tmp_path: Path, more: dict[str, Any], path: str
) -> None:
    """A refused line is told by its number, the place in it and the reason, and by nothing that stands in it."""
    file = json_lines(tmp_path / "consents.jsonl", [line("good"), line("marker") | more])
    ((number, place, _),) = await refusals(service, file)
    assert (number, place) == (2, path)


async def test_a_line_on_an_old_version_is_told_what_a_file_can_do(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Nobody can show a notice to a file: only a line that is an import rests on an old version, and is told so."""
    folder = Path(shutil.copytree(policies_dir, tmp_path / "policies"))
    for language in ("it", "en"):
        old = (folder / f"notices/shop/1.0.{language}.md").read_text()
        (folder / f"notices/shop/2.0.{language}.md").write_text(f"{old}\nVersion 2.0\n")
    async with running(database_url, folder, tmp_path / "data") as service:
        path = json_lines(tmp_path / "consents.jsonl", [line("good"), line("marker", method="form")])
        ((number, place, reason),) = await refusals(service, path)
    assert (number, place) == (2, "$.notice")
    assert "import" in reason
    assert "GET" not in reason
