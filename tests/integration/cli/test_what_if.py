"""What if another bundle had decided, asked of a service with people in it; and whose offers a bundle would change."""

import asyncio
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from service.kernel.database import Connection
from tests.integration.cli.playing import ROOT, Ended, ended
from tests.limiting import Shop, offer, placement, shop, usual, write
from tests.replaying import inputs_of
from tests.reporting import report
from tests.running import Running, customer, succeeded

__all__ = ["shop"]

PEOPLE = 120
VALUES = {"light": 1, "middle": 3, "heavy": 6}
TURNED = {"light": 6, "middle": 3, "heavy": 1}
CLICKS = {"light": 2, "middle": 3, "heavy": 5}
"""Of how many decisions of an offer one succeeds."""
STAGE = placement("stage", ranking="weighted")
SINCE = ("--since", "2026-01-01")


def offers(values: dict[str, int], **keys: str) -> str:
    """The offers of the stage, with these weights."""
    return usual("stage") + "".join(
        offer(name, placements=("stage",), keys=f"value = {value}\n{keys.get(name, '')}")
        for name, value in values.items()
    )


async def asked(service: Running, *arguments: str, **environment: str) -> Ended:
    """The command, with the database and the keys of the service."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", *arguments),
        cwd=ROOT,
        env=own | service.settings() | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


async def evaluated(service: Running, folder: Path, *options: str) -> Any:
    """What is told of a bundle, for programs."""
    ran = await asked(service, "offers", "evaluate", *SINCE, "--policies", str(folder), "--json", *options)
    assert ran.status == 0, ran.complained
    return ran.document


@pytest.fixture
async def busy(shop: Shop) -> AsyncIterator[tuple[Running, list[dict[str, Any]]]]:
    """A shop in which many people were shown something, and some clicked; with the decisions."""
    async with shop(offers(VALUES), "", STAGE) as service:
        people = [customer(f"customer-{number}") for number in range(PEOPLE)]
        await asyncio.gather(*(service.give(person, "personalization", "model_training") for person in people))
        pages = await asyncio.gather(*(service.decide(person, "stage") for person in people))
        decisions = [decision for page in pages for decision in page]
        shown: Counter[str] = Counter()
        for decision in decisions:
            shown[decision["offer"]["id"]] += 1
            clicks = ["click"] if shown[decision["offer"]["id"]] % CLICKS[decision["offer"]["id"]] == 0 else []
            await report(service, decision["token"], "impression", *clicks)
        yield service, decisions


async def weighed(service: Running, chances: dict[str, float]) -> tuple[float, float, int]:
    """IPS, SNIPS and successes, from the tables and by the formulas."""
    rows = await service.database.fetch(
        "SELECT offer, propensity, EXISTS (SELECT FROM interactions i WHERE i.decision_id = d.decision_id"
        " AND event = 'click') AS clicked FROM decisions d"
    )
    weights = [(chances[row["offer"]] / row["propensity"], row["clicked"]) for row in rows]
    earned = sum(weight for weight, clicked in weights if clicked)
    return earned / len(rows), earned / sum(weight for weight, _ in weights), sum(clicked for _, clicked in weights)


async def test_a_bundle_is_weighed_on_what_people_did(
    busy: tuple[Running, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """The estimates are those of the formulas on the tables; the bundle that decided is what the log says."""
    service, _ = busy
    turned = write(tmp_path / "turned", offers(TURNED), "", STAGE)
    told = await evaluated(service, turned)
    ips, snips, successes = await weighed(service, {"light": 0.6, "middle": 0.3, "heavy": 0.1})
    (stage,) = told["placements"]
    assert (stage["placement"], stage["decisions"], stage["successes"]) == ("stage", PEOPLE, successes)
    assert (stage["ips"]["value"], stage["snips"]["value"]) == (pytest.approx(ips), pytest.approx(snips))
    assert stage["snips"]["interval"]["low"] < snips < stage["snips"]["interval"]["high"]
    same = (await evaluated(service, tmp_path / "policies"))["all"]
    assert same["snips"]["value"] == pytest.approx(same["logged"]["value"]) == pytest.approx(successes / PEOPLE)
    assert (same["effective"], same["doubts"]) == (pytest.approx(PEOPLE), [])


async def test_nobody_is_looked_at_who_does_not_allow_it(
    busy: tuple[Running, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Learning needs its purpose then and now; a no or a restriction leaves aside, a new yes brings nothing back."""
    service, _ = busy
    unasked = customer("unasked")
    await service.give(unasked, "personalization")
    await service.decide(unasked, "stage")
    await service.withdraw(customer("customer-0"), ["model_training"])
    await service.withdraw(customer("customer-1"), ["personalization"])
    succeeded(await service.post("/v1/restrictions", {"subject": customer("customer-2")}, key=service.officers[0]), 201)
    await service.withdraw(customer("customer-3"))
    await service.give(customer("customer-3"), "personalization", "model_training")
    told = await evaluated(service, tmp_path / "policies")
    assert told["all"]["decisions"] == PEOPLE - 4
    assert told["notes"][0].startswith("Left aside: 1 decisions of people who did not allow learning")
    assert told["notes"][1].startswith("Left aside: 4 decisions that may no longer be used")
    later = await asked(
        service, "offers", "evaluate", "--since", "2099-01-01", "--policies", str(tmp_path / "policies")
    )
    assert (later.status, "no decision to learn from" in later.complained) == (1, True)


async def test_what_the_log_does_not_know_is_told(busy: tuple[Running, list[dict[str, Any]]], tmp_path: Path) -> None:
    """A field that nobody had read is unknown, and thompson without chances draws evenly: both are said."""
    service, _ = busy
    ruled = offers(VALUES, heavy="rule = 'lifetime_orders >= 0'")
    told = await evaluated(service, write(tmp_path / "ruled", ruled, "", STAGE))
    assert told["all"]["matched"] < PEOPLE
    assert told["notes"] == [
        f"In {PEOPLE} decisions nobody had read lifetime_orders: what this bundle asks of it counts as unknown."
    ]
    learning = write(tmp_path / "learning", offers(VALUES), "", placement("stage", ranking="thompson"))
    told = await evaluated(service, learning)
    ips, *_ = await weighed(service, dict.fromkeys(VALUES, 1 / 3))
    assert (told["all"]["ips"]["value"], len(told["notes"])) == (pytest.approx(ips), 1)


async def test_a_difference_tells_whose_offers_would_change(
    busy: tuple[Running, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """From which offer to which, how many decisions and people: as the same draw among other weights says."""
    service, decisions = busy
    again = await service.decide(customer("customer-0"), "stage")
    changes: Counter[tuple[str, str]] = Counter()
    people: defaultdict[tuple[str, str], set[Any]] = defaultdict(set)
    names = sorted(TURNED)
    reached = list(accumulate(TURNED[name] / 10 for name in names))
    for decision in [*decisions, *again]:
        inputs, row = await inputs_of(service, decision)
        assert inputs.draw is not None
        u = inputs.draw.u
        instead = next(name for name, until in zip(names, reached, strict=True) if u < until)
        if instead != row["offer"]:
            changes[row["offer"], instead] += 1
            people[row["offer"], instead].add(row["subject_id"])
    turned = write(tmp_path / "turned", offers(TURNED), "", STAGE)
    ran = await asked(service, "policies", "diff", str(tmp_path / "policies"), str(turned), *SINCE, "--json")
    assert ran.status == 1, ran.complained
    told = ran.document["decisions"]
    assert (told["looked_at"], told["concerned"]) == (PEOPLE + 1, {"people": len(set[Any]().union(*people.values()))})
    (stage,) = told["placements"]
    counted = {
        (one["shown"], one["instead"]): (one["decisions"], one["people"])
        for one in stage["changes"]
        if not one.get("others")
    }
    assert counted == {
        change: (number, len(people[change])) for change, number in changes.items() if len(people[change]) >= 10
    }
    assert stage["changed_percent"] == round(100 * changes.total() / (PEOPLE + 1))
    said = await asked(service, "policies", "diff", str(tmp_path / "policies"), str(turned), *SINCE)
    assert f"stage: {PEOPLE + 1} decisions, about {stage['changed_percent']} % of them would be others" in said.said


async def test_the_same_bundle_changes_no_decision(busy: tuple[Running, list[dict[str, Any]]], tmp_path: Path) -> None:
    """Made again by the bundle that made it, a decision is what it was; of a placement that is gone nothing is left."""
    service, _ = busy
    same = str(tmp_path / "policies")
    ran = await asked(service, "policies", "diff", same, same, *SINCE, "--json")
    assert ran.status == 0, ran.complained
    assert ran.document["decisions"]["placements"] == [
        {"placement": "stage", "decisions": PEOPLE, "changed_percent": 0, "changes": []}
    ]
    ran = await asked(service, "policies", "diff", same, str(ROOT / "policies"), *SINCE, "--json")
    (stage,) = ran.document["decisions"]["placements"]
    assert {one["instead"] for one in stage["changes"] if "instead" in one} == {None}
    assert stage["changed_percent"] == 100


async def test_a_decision_of_version_0_1_is_left_aside(
    busy: tuple[Running, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """It was sealed with the facts alone, which is too little to decide again; the others are looked at."""
    service, decisions = busy
    _, row = await inputs_of(service, decisions[0])
    sealed = service.desks.subjects.seal("decisions", "inputs", row["subject_id"], b"{}")

    async def age(connection: Connection) -> None:
        query = "UPDATE decisions SET inputs = $1 WHERE decision_id = $2"
        await connection.execute(query, sealed, row["decision_id"])

    await service.database.run("test.age", age)
    told = await evaluated(service, tmp_path / "policies")
    assert (told["all"]["decisions"], len(told["notes"])) == (PEOPLE - 1, 1)
    assert "of version 0.1" in told["notes"][0]


async def test_options_are_told_when_they_do_not_go_together(service: Running, policies_dir: Path) -> None:
    """The decisions once, the policy once, a time that is one; and a database that is gone is status 3."""
    evaluate = ("offers", "evaluate", "--policies", str(policies_dir))
    neither = await asked(service, *evaluate)
    untimely = await asked(service, *evaluate, "--since", "yesterday")
    nothing = await asked(service, "offers", "evaluate", *SINCE)
    gone = await asked(service, *evaluate, *SINCE, PLACET_DATABASE_URL="postgresql://127.0.0.1:1/none")
    keyless = await asked(service, *evaluate, *SINCE, PLACET_DATA_DIR="/nowhere", PLACET_ROOT_KEY_FILE="/nowhere/root")
    assert [ran.status for ran in (neither, untimely, nothing, gone, keyless)] == [2, 2, 2, 3, 1]
    assert all("Traceback" not in ran.complained for ran in (neither, untimely, nothing, gone, keyless))
    assert json.dumps("2026-03-01") not in untimely.said
