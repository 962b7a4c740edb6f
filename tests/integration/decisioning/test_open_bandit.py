"""The Open Bandit log of random recommendations, replayed: 80 items in 3 positions are learnt from, and drawn."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from service.decisioning.learning.commands import refresh
from service.decisioning.ranking import odds
from service.decisioning.tokens import TokenClaims
from service.kernel.clock import system_now
from service.kernel.ids import new_id
from tests.conftest import ROOT
from tests.reporting import INTERACTIONS, happened, learnt
from tests.running import Json, Running, customer, succeeded
from tests.unit.policy.folder import Folder

DATA = ROOT / "../shared/data/open-bandit"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the Open Bandit log is not beside the checkout")
POSITIONS = ("1", "2", "3")
PLACED = [f"position-{position}" for position in POSITIONS]
PEOPLE = [customer(f"shopper-{number}") for number in range(40)]
FLOOR = 0.002
PLACEMENT = """
[placement.position-{position}]
title = {{ it = "Posto {position}", en = "Position {position}" }}
site = "shop"
fallback = "welcome"
ranking = "thompson"
floor = {floor}
"""
OFFER = """
[offer.item-{item}]
title = {{ it = "Articolo {item}", en = "Item {item}" }}
placements = ["position-1", "position-2", "position-3"]
purposes = ["personalization"]

[offer.item-{item}.content.it]
headline = "Articolo {item}"

[offer.item-{item}.content.en]
headline = "Item {item}"
"""


def log() -> Iterator[tuple[str, str, bool]]:
    """Item, position and whether it was clicked, of each impression of the random log."""
    with gzip.open(DATA / "random.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            yield row["item_id"], row["position"], row["click"] == "1"


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The shop, with the positions of the log as placements and its items as offers."""
    folder = Folder(tmp_path / "policies")
    folder.edit("contact.toml", "limit = 8", "limit = 10000")
    folder.edit("offers/fallbacks.toml", '"home_hero"', json.dumps(["home_hero", *PLACED])[1:-1])
    folder.add("placements.toml", "".join(PLACEMENT.format(position=p, floor=FLOOR) for p in POSITIONS))
    with (DATA / "items.csv").open() as file:
        items = [row["item_id"] for row in csv.DictReader(file)]
    folder.write("offers/items.toml", "".join(OFFER.format(item=item) for item in items))
    return folder.path


async def replay(service: Running, person: Json, impressions: list[tuple[str, str, bool]]) -> None:
    """Report impressions and clicks of the log as those of decisions of one person."""
    await service.give(person, "personalization", "model_training")
    (decision,) = await service.decide(person, "position-1")
    subject_id = service.desks.tokens.open(decision["token"], system_now()).subject_id
    reports: list[Json] = []
    for item, position, clicked in impressions:
        claims = TokenClaims(
            decision_id=new_id(),
            subject_id=subject_id,
            site="shop",
            placement=f"position-{position}",
            offer=f"item-{item}",
            stage=None,
            purposes=("personalization",),
            learnable=True,
            decided_at=system_now(),
        )
        token = service.desks.tokens.issue(claims)
        reports += [happened(token, event) for event in ("impression", "click") if event == "impression" or clicked]
    outcomes = succeeded(await service.post(INTERACTIONS, {"interactions": reports}))["outcomes"]
    assert all(outcome == {"outcome": "stored"} for outcome in outcomes)


async def test_the_random_log_is_learnt_and_drawn_by(service: Running) -> None:
    """Rates by position equal an independent count of the log; every table, and every draw from it, adds up to one."""
    impressions = list(log())
    share = len(impressions) // len(PEOPLE)
    for number, person in enumerate(PEOPLE):
        await replay(service, person, impressions[number * share : (number + 1) * share])

    counted: dict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    by_position: dict[str, list[int]] = {position: [0, 0] for position in POSITIONS}
    for item, position, clicked in log():
        arm = (f"position-{position}", "", f"item-{item}")
        counted[arm] = (counted[arm][0] + 1, counted[arm][1] + clicked)
        by_position[position] = [by_position[position][0] + 1, by_position[position][1] + clicked]
    arms = await learnt(service)
    assert arms == counted
    assert {
        position: [sum(n[k] for arm, n in arms.items() if arm[0] == f"position-{position}") for k in (0, 1)]
        for position in POSITIONS
    } == by_position

    assert await service.desks.learner.run() == len(POSITIONS)
    tables = service.desks.decisions.tables
    await refresh(service.database, tables)
    for position in POSITIONS:
        table = tables.current[f"position-{position}", ""].probabilities
        assert len(table) == 80
        assert sum(table.values()) == pytest.approx(1.0)
        assert min(table.values()) >= FLOOR
    for person in PEOPLE[:10]:
        await _draws_add_up(service, person)


async def _draws_add_up(service: Running, person: Json) -> None:
    """The propensities over the offers that were left add up to one, and the logged one is that of the offer shown."""
    made = await service.decide(person, *PLACED)
    assert len({decision["offer"]["id"] for decision in made}) == len(POSITIONS)
    for place, decision in enumerate(made):
        row = await service.database.fetchrow(
            "SELECT subject_id, inputs, propensity FROM decisions WHERE decision_id = $1", decision["decision_id"]
        )
        assert row is not None
        inputs = msgspec.json.decode(
            service.desks.subjects.open("decisions", "inputs", row["subject_id"], row["inputs"])
        )
        assert len(inputs["draw"]["weights"]) == 80 - place
        probable = odds(inputs["draw"]["weights"])
        assert sum(probable.values()) == pytest.approx(1.0)
        assert decision["propensity"] == row["propensity"] == probable[decision["offer"]["id"]]
        table = service.desks.decisions.tables.current[decision["placement"], ""].probabilities
        left = sum(table[offer] for offer in probable)
        assert decision["propensity"] == pytest.approx(table[decision["offer"]["id"]] / left)
