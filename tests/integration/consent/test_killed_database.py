"""PostgreSQL is killed and started again under load: what was answered stays true, and nothing is half there."""

import asyncio
import itertools
import random
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.wire import Wire, wire
from service.cli.keyring import BESIDE, migrate_keyring
from service.kernel.embedded import home_of
from service.kernel.migrate import create_beside, migrate
from service.ledger.rules import instant
from tests.cluster import Cluster
from tests.folding import folded, projected
from tests.integration.cli.playing import until
from tests.process import process_beside
from tests.running import NOTICE, Running, customer, running

WRITERS, CHECKERS = 24, 8
ENOUGH = 150
"""Answers of each kind to have before something else happens."""
CALLS_EACH = 8
"""About one person, after which there is a new one."""
PURPOSES = ("analytics", "personalization", "marketing_email")
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
MARKED = "SELECT payload->>'collected_at' AS mark, payload->>'purpose' AS purpose, entry_id::text FROM ledger_entries"


@dataclass
class Load:
    """What is asked of the service, and what it answered."""

    numbers: Iterator[int] = field(default_factory=itertools.count)
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - the same each time
    recorded: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Calls that were acknowledged, with their answers."""
    turned_away: list[int] = field(default_factory=list)
    """Calls of which nobody knows what became."""
    checked: int = 0
    unavailable: int = 0
    down: bool = False
    over: bool = False

    async def write(self, to_it: Wire) -> None:
        """Record one thing after the other."""
        while not self.over:
            number = next(self.numbers)
            status, content = await send(to_it, number)
            assert status in {201, 503}, content
            if status == 201:
                self.recorded[number] = msgspec.json.decode(content)
            else:
                self.turned_away.append(number)

    async def check(self, to_it: Wire) -> None:
        """Ask about one person after the other; while the database is down there is one answer only."""
        while not self.over:
            down = self.down
            person = self.chance.randrange(len(self.recorded) // CALLS_EACH + 1)
            question = {"subject": customer(f"customer-{person}"), "purposes": PURPOSES}
            status, content = await to_it.post("/v1/consents/check", question)
            verdicts = msgspec.json.decode(content)["results"].values()
            assert status == 503 or (status == 200 and not (down and self.down)), content
            assert ({v["reason"] for v in verdicts} == {"unavailable"}) == (status == 503), content
            assert status == 200 or not any(verdict["allowed"] for verdict in verdicts), content
            self.checked, self.unavailable = self.checked + (status == 200), self.unavailable + (status == 503)


def decisions(number: int) -> dict[str, str]:
    """What a call says, another thing each time."""
    return {p: "given" if (number >> place) % 2 else "refused" for place, p in enumerate(PURPOSES)}


def mark(number: int) -> str:
    """The time that a call says it was collected at, by which its entries are known."""
    return instant(SINCE + timedelta(microseconds=number))


async def send(to_it: Wire, number: int) -> tuple[int, bytes]:
    """Make a call, for the first time or again."""
    body = {
        "subject": customer(f"customer-{number // CALLS_EACH}"),
        "site": "shop",
        "decisions": decisions(number),
        "notice": NOTICE,
        "method": "form",
        "collected_at": mark(number),
    }
    return await to_it.post("/v1/consents", body, {"Idempotency-Key": f"call-{number}"})


async def entries(service: Running) -> dict[str, dict[str, str]]:
    """The entries of each call by purpose, of which there may not be two."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in await service.database.fetch(MARKED):
        assert row["purpose"] not in found[row["mark"]]
        found[row["mark"]][row["purpose"]] = row["entry_id"]
    return found


def of_answer(answer: dict[str, Any]) -> dict[str, str]:
    """The entries that an answer names, by purpose."""
    return {record["purpose"]: record["entry_id"] for record in answer["records"]}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A PostgreSQL of this test's own, with fsync on."""
    data_dir = tmp_path / "postgres"
    cluster = Cluster(data_dir)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(home_of(data_dir))


async def disturb(cluster: Cluster, load: Load) -> None:
    """Kill the database and start it again, twice, while the load goes on."""
    for end in (cluster.kill, cluster.stop_at_once):
        recorded, checked = len(load.recorded), load.checked
        await until(lambda r=recorded, c=checked: len(load.recorded) > r + ENOUGH and load.checked > c + ENOUGH)
        end()
        load.down = True
        away, unavailable = len(load.turned_away), load.unavailable
        await until(lambda a=away, u=unavailable: len(load.turned_away) > a + ENOUGH and load.unavailable > u + ENOUGH)
        load.down = False
        cluster.start()
    recorded, checked = len(load.recorded), load.checked
    await until(lambda: len(load.recorded) > recorded + ENOUGH and load.checked > checked + ENOUGH)
    load.over = True


async def on_wires(process: Running, *works: Callable[[Wire], Awaitable[None]]) -> None:
    """Work on as many connections to the service as there are works, until all of them are done."""
    port = process.http.base_url.port
    assert port is not None

    async def on_one(work: Callable[[Wire], Awaitable[None]]) -> None:
        async with wire(port, process.secret_key) as to_it:
            await work(to_it)

    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(on_one(work))


async def under_load(process: Running, cluster: Cluster) -> Load:
    """Let the database be killed while people decide and others ask; returns what was answered."""
    load = Load()
    async with asyncio.TaskGroup() as group:
        group.create_task(on_wires(process, *[load.write] * WRITERS, *[load.check] * CHECKERS))
        group.create_task(disturb(cluster, load))
    return load


async def sent_again(process: Running, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Make calls again, each of which must succeed now; returns their answers."""
    left, answers = iter(numbers), dict[int, dict[str, Any]]()

    async def again(to_it: Wire) -> None:
        for number in left:
            status, content = await send(to_it, number)
            assert status == 201, content
            answers[number] = msgspec.json.decode(content)

    await on_wires(process, *[again] * WRITERS)
    return answers


async def test_a_database_that_is_killed_under_load_keeps_what_was_answered_and_nothing_half(
    cluster: Cluster, policies_dir: Path, tmp_path: Path
) -> None:
    """Each acknowledged record is there once, any other wholly or not at all, and a retry with its key completes it."""
    await cluster.answers()
    await migrate(cluster.url)
    await migrate_keyring(await create_beside(cluster.url, BESIDE))
    async with (
        running(cluster.url, policies_dir, tmp_path / "data") as service,
        process_beside(service, policies_dir, tmp_path / "log") as process,
    ):
        load = await under_load(process, cluster)
        kept = await entries(service)
        assert {number: kept[mark(number)] for number in load.recorded} == {
            number: of_answer(answer) for number, answer in load.recorded.items()
        }
        assert {frozenset(kept.get(mark(number), ())) for number in load.turned_away} <= {
            frozenset(),
            frozenset(PURPOSES),
        }
        assert await projected(service.database) == await folded(service.database)
        assert await service.count("idempotency") == len(kept)

        for number, answer in (await sent_again(process, load.turned_away)).items():
            assert kept.setdefault(mark(number), of_answer(answer)) == of_answer(answer)
        assert await entries(service) == kept
        assert len(kept) == len(load.recorded) + len(load.turned_away)
        assert await projected(service.database) == await folded(service.database)
        assert await service.count("lookups") == await service.count("subjects")
