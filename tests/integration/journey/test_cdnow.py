"""Real purchases: the shop's customers move from Do to Care and back, in the simulation and over HTTP alike."""

import json
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from benchmarks import cdnow
from service.cli.main import main
from tests.conftest import ROOT
from tests.consenting import text
from tests.running import Running, contact, customer

CUSTOMERS = 40
MOST = 500
RENEWED_AFTER = timedelta(days=300)

pytestmark = pytest.mark.skipif(not (ROOT / cdnow.LOG).exists(), reason=f"{cdnow.LOG} is not there")


def simulated(folder: Path, lines: list[cdnow.Line]) -> dict[str, Any]:
    """What the simulation tells of touchpoints."""
    log = folder / "log.csv"
    log.write_text("\n".join(["subject,event,channel,occurred_at", *(",".join([*x[:3], text(x[3])]) for x in lines)]))
    command = ["journeys", "simulate", str(log), "--policies", str(ROOT / "policies"), "--json"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_document_tells_what_the_command_prints(tmp_path: Path) -> None:
    """Every purchase is in the simulation, and the numbers of docs/customer-journey.md are those of today's rules."""
    document = simulated(tmp_path, list(cdnow.log()))
    events = {(each["event"], each["channel"]): each["events"] for each in document["totals"]["touchpoints"]}
    assert events["purchase", "web"] + events["purchase", "shop"] == 69_659
    assert events["delivery", "web"] == events["purchase", "web"]
    assert document["totals"]["people"] == 23_570
    page = (ROOT / "docs" / "customer-journey.md").read_text()
    missing = [line for line in cdnow.lines(msgspec.convert(document, cdnow.Simulation)) if line not in page]
    assert missing == []


async def test_over_http_customers_are_where_the_simulation_says(service: Running, tmp_path: Path) -> None:
    """Told month by month, in any order within one, customers are where the simulation has them as each begins."""
    told = sorted(cdnow.log(CUSTOMERS), key=lambda line: line[3])
    simulation = msgspec.convert(simulated(tmp_path, told), cdnow.Simulation)
    draw = Random(7)  # noqa: S311 - a seeded order
    consented = told[0][3]
    stages: set[str | None] = set()
    for way in simulation.people:
        await service.give(customer(way.person), "personalization", now=text(consented))
    for month in cdnow.months(simulation):
        if month - consented > RENEWED_AFTER:
            consented = month
            for way in simulation.people:
                await service.give(customer(way.person), "personalization", now=text(month))
        due = [line for line in told if line[3] <= month]
        told = told[len(due) :]
        contacts = [contact(customer(who), event, text(at), channel=channel) for who, event, channel, at in due]
        draw.shuffle(contacts)
        for first in range(0, len(contacts), MOST):
            outcomes = await service.touch_all(contacts[first : first + MOST], now=text(month))
            assert all(outcome["outcome"] == "stored" for outcome in outcomes)
        for way in simulation.people:
            place = await service.position(customer(way.person), now=text(month))
            assert place["stage"] == way.stage(month), (way.person, month)
            stages.add(place["stage"])
    assert stages == {"do", "care", None}
