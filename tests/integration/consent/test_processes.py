"""Four serving processes on one database, all of them about the same people at the same time (DESIGN section 9)."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.wire import wire
from tests.folding import folded, projected
from tests.process import process_beside
from tests.running import NOTICE, Running, customer

PROCESSES = 4
PEOPLE = 400
CALLS_EACH = 4
"""About each person, one to each process."""
AT_ONCE = 48
"""Connections to each process, on which one call follows the other."""
TOGETHER = 64
"""Calls that each process gets in an order of its own, before all of them go on to the next people."""
REPEATED = 100
"""Calls that every process gets, with the same key."""
PURPOSES = ("analytics", "personalization", "marketing_email")
ORPHANS = "SELECT count(*) FROM subjects s WHERE NOT EXISTS (SELECT FROM lookups l WHERE l.subject_id = s.subject_id)"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"

Call = tuple[str, str, dict[str, Any]]
"""An Idempotency-Key, a path and a body."""
Answers = dict[str, list[dict[str, Any]]]
"""What was answered, by key."""


@asynccontextmanager
async def four_beside(service: Running, policies_dir: Path, logs: Path) -> AsyncIterator[list[Running]]:
    """Four processes beside the one of the test."""
    async with AsyncExitStack() as stack:
        starting = [process_beside(service, policies_dir, logs / f"log-{n}") for n in range(PROCESSES)]
        yield await asyncio.gather(*map(stack.enter_async_context, starting))


def calls(chance: random.Random) -> list[Call]:
    """What is said of one person after the other: first a decision, then decisions and withdrawals."""
    said: list[Call] = []
    for person in chance.sample(range(PEOPLE), PEOPLE):
        for number in range(CALLS_EACH):
            about = {"subject": customer(f"customer-{person}"), "site": "shop"}
            purposes = chance.sample(PURPOSES, 2)
            if number and chance.random() < 0.3:
                path, body = "/v1/consents/withdraw", about | {"purposes": chance.choice([purposes, "all"])}
            else:
                decisions = {purpose: chance.choice(["given", "refused"]) for purpose in purposes}
                path, body = "/v1/consents", about | {"decisions": decisions, "notice": NOTICE, "method": "form"}
            said.append((f"call-{number}-{person}", path, body))
    return said


def shuffled(mine: Sequence[Call], chance: random.Random) -> Iterator[Call]:
    """Calls in an order of one's own, which is that of everybody else from afar."""
    for start in range(0, len(mine), TOGETHER):
        together = mine[start : start + TOGETHER]
        yield from chance.sample(together, len(together))


async def drive(process: Running, mine: Iterator[Call], answers: Answers) -> None:
    """Send calls to a process over many connections; each must succeed."""
    port = process.http.base_url.port
    assert port is not None

    async def line() -> None:
        async with wire(port, process.secret_key) as to_it:
            for key, path, body in mine:
                status, content = await to_it.post(path, body, {"Idempotency-Key": key})
                assert status in {200, 201}, content
                answers[key].append(msgspec.json.decode(content))

    async with asyncio.TaskGroup() as lines:
        for _ in range(AT_ONCE):
            lines.create_task(line())


async def drive_all(processes: Sequence[Running], said: Sequence[Sequence[Call]], chance: random.Random) -> Answers:
    """Send to each process its share of what is said, to all of them at the same time."""
    answers: Answers = defaultdict(list)
    async with asyncio.TaskGroup() as driving:
        for process, mine in zip(processes, said, strict=True):
            driving.create_task(drive(process, shuffled(mine, chance), answers))
    return answers


async def test_four_processes_about_the_same_people_split_nobody_and_lose_nothing(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """Nobody meets a deadlock, each person is one subject, each call is recorded once, and the state is the fold."""
    chance = random.Random(9)  # noqa: S311 - the same each time, as far as a race can be
    await asyncio.gather(*(service.give(customer(f"customer-{person}"), "analytics") for person in range(PEOPLE // 2)))
    before = await service.count("ledger_entries")
    said = calls(chance)
    repeated = [(f"again-{key}", path, body) for key, path, body in chance.sample(said, REPEATED)]
    async with four_beside(service, policies_dir, tmp_path) as processes:
        shares = [said[number::PROCESSES] for number in range(PROCESSES)]
        once = await drive_all(processes, shares, chance)
        again = await drive_all(processes, [repeated] * PROCESSES, chance)

    assert (len(once), {len(same) for same in once.values()}) == (len(said), {1})
    assert (len(again), {len(same) for same in again.values()}) == (REPEATED, {PROCESSES})
    assert all(answer == same[0] for same in again.values() for answer in same)
    answers = {key: same[0] for key, same in (once | again).items()}
    entries = [record["entry_id"] for answer in answers.values() for record in answer["records"]]
    assert len(set(entries)) == len(entries) == await service.count("ledger_entries") - before
    met = {(key.rpartition("-")[2], answer["subject_id"]) for key, answer in answers.items()}
    subjects = [subject_id for _, subject_id in met if subject_id is not None]  # a withdrawal may come first of all
    assert len(set(subjects)) == len(subjects) == PEOPLE
    assert await service.count("lookups") == await service.count("subjects") == PEOPLE
    assert await service.database.fetchval(ORPHANS) == 0
    assert await projected(service.database) == await folded(service.database)
    assert await service.database.fetchval(DEADLOCKS) == 0
