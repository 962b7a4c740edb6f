"""Purposes one by one, over HTTP: of a person only what the allowed purposes may read is read, stored and named."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import ROOT
from tests.consenting import NOON, text
from tests.running import Running, customer
from tests.visiting import walk

NOW = text(NOON)
ADA = customer("ada-marker")
EVENTS = ("search", "view_product", "delivery")
OFFERS = """
[offer.for-searchers]
title = { it = "Per chi cerca", en = "For who searches" }
placements = ["account_banner"]
purposes = ["analytics"]
rule = "searches >= 1"
priority = 90
content.it.headline = "Per chi cerca"

[offer.for-both]
title = { it = "Per chi cerca e guarda", en = "For who searches and looks" }
placements = ["account_banner"]
purposes = ["analytics", "personalization"]
rule = "searches >= 1 and product_views >= 1"
priority = 95
content.it.headline = "Per chi cerca e guarda"
"""
FIELD = """
[field.searches]
type = "number"
source = "count"
event = "search"
category = "behaviour"
purpose = "analytics"
"""


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The bundle that ships, with a field that serves statistics and two offers that read it."""
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    (folder / "offers" / "searchers.toml").write_text(OFFERS)
    fields = folder / "fields.toml"
    fields.write_text(fields.read_text() + FIELD)
    purposes = folder / "purposes.toml"
    only, also = 'data = ["touchpoints"]', 'data = ["touchpoints", "decisions"]'
    assert only in purposes.read_text()
    purposes.write_text(purposes.read_text().replace(only, also))
    return folder


async def _decided(service: Running, *placements: str) -> list[dict[str, Any]]:
    """What was decided for Ada, with what is stored of it."""
    decisions = await service.decide(ADA, *placements, now=NOW)
    found: list[dict[str, Any]] = []
    for decision in decisions:
        row = await service.database.fetchrow(
            "SELECT * FROM decisions WHERE decision_id::text = $1", decision["decision_id"]
        )
        opened = (
            service.desks.subjects.open("decisions", "inputs", row["subject_id"], row["inputs"])
            if row
            else b'{"facts": {}}'
        )
        inputs = {name: said["value"] for name, said in msgspec.json.decode(opened)["facts"].items() if said["purpose"]}
        found.append(
            {
                "offer": decision["offer"]["id"],
                "mode": decision["mode"],
                "stage": decision["stage"],
                "proofs": len(decision["proof"]),
                "purposes": list(row["purposes"]) if row else [],
                "inputs": inputs,
            }
        )
    return found


@pytest.mark.rule("D1")
async def test_one_purpose_reads_its_own_fields_alone(service: Running) -> None:
    """Whoever allows statistics alone is not placed in a journey and not profiled for offers that fit them."""
    await walk(service, ADA, "analytics", events=EVENTS, at=NOON)
    banner, hero = await _decided(service, "account_banner", "home_hero")
    assert banner == {
        "offer": "for-searchers",
        "mode": "profiled",
        "stage": None,
        "proofs": 1,
        "purposes": ["analytics"],
        "inputs": {"searches": 1.0},
    }
    assert (hero["offer"], hero["mode"], hero["inputs"]) == ("welcome", "fallback", {})


@pytest.mark.rule("D1")
async def test_another_purpose_reads_none_of_the_first_ones_fields(service: Running) -> None:
    """Whoever allows a shop that fits them alone is not counted for statistics."""
    await walk(service, ADA, "personalization", events=EVENTS, at=NOON)
    (banner,) = await _decided(service, "account_banner")
    assert (banner["offer"], banner["purposes"], banner["stage"]) == ("care-tips", ["personalization"], "care")
    assert banner["inputs"].keys() == {"stage", "lifetime_orders", "support_contacts"}


@pytest.mark.rule("D1")
async def test_both_purposes_read_both(service: Running) -> None:
    """An offer that reads fields of two purposes needs both, and the decision names both."""
    await walk(service, ADA, "analytics", "personalization", events=EVENTS, at=NOON)
    (banner,) = await _decided(service, "account_banner")
    assert (banner["offer"], banner["purposes"]) == ("for-both", ["analytics", "personalization"])
    assert banner["proofs"] == 2
    assert banner["inputs"]["searches"] == banner["inputs"]["product_views"] == 1.0


@pytest.mark.rule("D1")
@pytest.mark.parametrize(
    ("withdrawn", "offer", "purposes"),
    [
        ("analytics", "care-tips", ["personalization"]),
        ("personalization", "for-searchers", ["analytics"]),
        ("all", "account-help", []),
    ],
)
async def test_what_is_withdrawn_is_no_longer_read(
    service: Running, withdrawn: str, offer: str, purposes: list[str]
) -> None:
    """Of two purposes the one that was withdrawn is out of the next decision, the other stays."""
    await walk(service, ADA, "analytics", "personalization", events=EVENTS, at=NOON)
    await service.withdraw(ADA, withdrawn if withdrawn == "all" else [withdrawn], now=NOW)
    (banner,) = await _decided(service, "account_banner")
    assert (banner["offer"], banner["purposes"]) == (offer, purposes)


@pytest.mark.rule("D1")
async def test_what_was_kept_for_one_purpose_is_not_read_for_another(service: Running) -> None:
    """Contacts from a time when one purpose was allowed say nothing to a purpose that was allowed later."""
    await walk(service, ADA, "analytics", events=EVENTS, at=NOON)
    await service.give(ADA, "personalization", now=NOW)
    (banner,) = await _decided(service, "account_banner")
    assert (banner["offer"], banner["stage"]) == ("for-searchers", None)
    assert (banner["inputs"]["searches"], banner["inputs"]["product_views"]) == (1.0, 0.0)


@pytest.mark.rule("D1")
async def test_each_decision_of_a_page_keeps_what_its_own_placement_read(service: Running) -> None:
    """What one placement looked at is stored with that placement's decision, and not with its neighbour's."""
    await walk(service, ADA, "analytics", "personalization", events=EVENTS, at=NOON)
    hero, banner = await _decided(service, "home_hero", "account_banner")
    assert (hero["purposes"], hero["proofs"]) == (["personalization"], 1)
    assert "searches" in banner["inputs"]
    assert "searches" not in hero["inputs"]
