"""What checks read is the fold of what the ledger holds, after any history and any race."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from tests.consenting import DAY, HOUR, NOON, of_cookie, text, visitor
from tests.folding import folded, projected
from tests.running import Running, customer, refused, succeeded

PURPOSES = ("analytics", "personalization", "marketing_email")
WILD = NEVER_SET, AHEAD = datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
"""What clocks say that were never set, or wrongly."""


async def say(service: Running, chance: random.Random, subject: dict[str, str], now: datetime) -> list[dict[str, Any]]:
    """Say something at random, dated by a clock that may be wildly wrong; returns what was recorded."""
    purposes = chance.sample(PURPOSES, chance.randint(1, len(PURPOSES)))
    if chance.random() < 0.25:
        return (await service.withdraw(subject, chance.choice([purposes, "all"]), now=text(now)))["records"]
    decisions = {purpose: chance.choice(["given", "given", "refused"]) for purpose in purposes}
    how: dict[str, Any] = {"method": chance.choice(["form", "paper", "import"])}
    if chance.random() < 0.6:
        how["collected_at"] = text(chance.choice([now - chance.randint(0, 96) * HOUR, *WILD]))
    answer = await service.record(subject, decisions, now=text(now), **how)
    if how.get("collected_at") == text(AHEAD):
        refused(answer, 422, "record-refused")
        return []
    return succeeded(answer, 201)["records"]


async def browse(service: Running, chance: random.Random, cookie: str, grant: dict[str, Any]) -> list[dict[str, Any]]:
    """Let a browser say something at random, by a clock of its own; returns what was recorded."""
    decisions = {purpose: chance.choice(["given", "refused"]) for purpose in PURPOSES}
    said = grant | {"decisions": decisions, "collected_at": text(chance.choice([NOON, datetime.now(UTC), *WILD]))}
    return succeeded(await service.browse("/v1/consents", said, cookie=cookie), 201)["records"]


@pytest.mark.rule("C23")
@pytest.mark.parametrize("seed", range(4))
async def test_after_any_history_the_projection_is_the_fold_of_the_ledger(service: Running, seed: int) -> None:
    """`state == fold(history)` after any history, from servers and browsers whose clocks say 1970 and 2099."""
    chance = random.Random(seed)  # noqa: S311 - a history that can be repeated
    told: list[dict[str, Any]] = []
    cookie, grant = await visitor(service)
    subject_id = UUID((await service.give(of_cookie(cookie), "model_training", now=text(NOON)))["subject_id"])
    for _ in range(24):
        now = NOON + chance.randint(0, 72) * HOUR
        from_server = chance.random() < 0.75
        said = say(service, chance, of_cookie(cookie), now) if from_server else browse(service, chance, cookie, grant)
        told += await said
        states = await projected(service.database)
        assert states == await folded(service.database)
        for purpose in {record["purpose"] for record in told}:
            of_purpose = [record for record in told if record["purpose"] == purpose]
            assert states[subject_id][purpose]["status"] == last(of_purpose)


def last(records: Any) -> str:
    """What a person last said about a purpose, by the answers alone: the protective one of two at the same time."""
    return max(
        records, key=lambda record: (record["effective_at"], record["status"] != "given", record["recorded_at"])
    )["status"]


@pytest.mark.rule("C23")
async def test_after_a_race_the_projection_is_the_fold_of_the_ledger(service: Running) -> None:
    """Several at once about the same person, round after round: nobody overwrites what another has just written."""
    chance = random.Random(7)  # noqa: S311 - the same each time, as far as a race can be
    for _ in range(20):
        hours = chance.sample(range(72), 6)
        await asyncio.gather(*(say(service, chance, customer(), NOON + hour * HOUR) for hour in hours))
        assert await projected(service.database) == await folded(service.database)


@pytest.mark.rule("C23")
async def test_the_order_of_arrival_does_not_matter(service: Running) -> None:
    """Four papers that arrive in any order, all of them learnt at the same moment, lead to the same state."""
    papers: Sequence[tuple[str, timedelta]] = (
        ("given", -9 * DAY),
        ("refused", -8 * DAY),
        ("given", -7 * DAY),
        ("refused", -7 * DAY),
    )
    found = set()
    for number, order in enumerate(permutations(papers)):
        subject = customer(f"customer-{number}")
        for decision, when in order:
            more = {"method": "paper", "collected_at": text(NOON + when)}
            succeeded(await service.record(subject, {"analytics": decision}, now=text(NOON), **more), 201)
        verdict = await service.check(subject, "analytics", now=text(NOON))
        found.add((verdict["allowed"], verdict["reason"], verdict["valid_until"]))
    assert found == {(False, "refused", None)}
