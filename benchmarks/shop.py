"""The policies that the benchmark runs under: those that ship, with more offers and with caps on what is decided."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.processes import ROOT
from service.decisioning.model import Choice, Draw, Input, Inputs
from service.decisioning.rules import fill
from service.policy.load import load
from service.policy.model import Bundle

PLACEMENTS = ("home_hero", "product_sidebar", "cart_banner")
DRAWN = "product_sidebar"
OFFERS, CROWD = 30, 1000
"""How many offers compete for these placements, those that ship among them; and where there are many."""
STAGES = ("see", "think", "do", "care")
RULES = (
    "lifetime_orders >= {n} or product_views > {n}",
    "product_views >= {n} and not (days_since_last_order < {n})",
    'device != "tablet" and lifetime_orders < {n}',
)
CAPS = """
[cap.benchmark-offer]
event = "decision"
scope = "subject"
per = "offer"
window = "day"
limit = 100_000

[cap.benchmark-placement]
event = "decision"
scope = "subject"
per = "placement"
window = "week"
limit = 100_000
"""
OFFER = """
[offer.{name}]
title = {{ it = "{name}", en = "{name}" }}
placements = {placements}
purposes = ["personalization"]
stages = {stages}
rule = '{rule}'
priority = {priority}
value = {value}

[offer.{name}.content.it]
headline = "Offerta {name}"

[offer.{name}.content.en]
headline = "Offer {name}"
"""


def policies(folder: Path, offers: int = OFFERS) -> Path:
    """The policies in a folder of their own, with so many offers that compete for each of the placements."""
    shutil.copytree(ROOT / "policies", folder, dirs_exist_ok=True)
    contact = folder / "contact.toml"
    contact.write_text(contact.read_text() + CAPS)
    shipped = load(folder)
    fallbacks = {placement.fallback for placement in shipped.placements.values()}
    compete = [o for o in shipped.offers.values() if {*PLACEMENTS} & {*o.placements} and o.id not in fallbacks]
    (folder / "offers" / "benchmark.toml").write_text("".join(_offers(offers - len(compete))))
    return folder


def decision(bundle: Bundle, now: datetime) -> Callable[[], Choice]:
    """Fills the placement on which an offer is drawn, so that each one has to be looked at."""
    known = {"stage": "think", "lifetime_orders": 3.0, "product_views": 4.0, "days_since_last_order": 20.0}
    facts = {name: Input(value, bundle.fields[name].purpose) for name, value in known.items()}
    inputs = Inputs(facts, ("analytics", "personalization"), draw=Draw(0.5, None, {}))
    return lambda: fill(bundle, bundle.placements[DRAWN], inputs, now)


def _offers(number: int) -> Iterator[str]:
    for place in range(number):
        yield OFFER.format(
            name=f"benchmark-{place}",
            placements=list(PLACEMENTS),
            stages=[STAGES[place % len(STAGES)], STAGES[(place + 1) % len(STAGES)]],
            rule=RULES[place % len(RULES)].format(n=place % 7 + 1),
            priority=place % 90,
            value=place % 5 + 1,
        )
