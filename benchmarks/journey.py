"""`python -m benchmarks.journey`: how long the report of a journey takes, and for how long nobody else is answered.

The database is new. People walk about among the stages of the default journey, with ten contacts each on average; nine
in ten of them allow what they are reported for. The budget is 2 s for a million touchpoints. Exit status: 0 measured.
"""

import asyncio
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import click
from rich.console import Console
from rich.table import Table

from benchmarks.processes import ROOT, Neighbours
from service.journey.report.commands import ReportDesk
from service.journey.report.model import ReportQuestion
from service.kernel.clock import Moment, system_now
from service.kernel.database import Database
from service.kernel.embedded import Embedded, home_of
from service.kernel.ids import new_id
from service.kernel.migrate import migrate
from service.policy.commands import ActivePolicy
from service.policy.load import load
from service.policy.model import Bundle

BATCH = 100_000
CONTACTS = (4, 17)
"""How many contacts a person has."""
ALLOW = 0.9
STEPS = (-1, 0, 0, 0, 0, 1, 1)
AGREED_BEFORE = timedelta(days=190)
FIRST_DAYS = (5, 170)
HOURS_BETWEEN = 40
TIMES = 5
COLUMNS = {
    "subjects": ("subject_id", "created_at", "revision"),
    "consent_state": (
        *("subject_id", "purpose", "status", "entry_id", "effective_at", "valid_until", "given_since"),
        *("notice_id", "notice_version", "gpc", "guardian_missing"),
    ),
    "touchpoints": (
        *("subject_id", "touchpoint_id", "event", "channel", "occurred_at", "recorded_at", "purposes", "sentiment"),
    ),
}


@click.command()
@click.option("--people", default=100_000, show_default=True, help="People, with about ten touchpoints each.")
def main(people: int) -> None:
    """Measure the report, and print a table."""
    neighbours = Neighbours()
    with TemporaryDirectory(prefix="placet-journey-", dir=os.environ.get("TMPDIR")) as name:
        try:
            with Embedded.start(Path(name)) as server:
                rows = asyncio.run(_measured(server.url, people))
        finally:
            shutil.rmtree(home_of(Path(name)), ignore_errors=True)
    table = Table("what", "median", "longest")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    Console().print(f"other processes took {neighbours.share():.0%} of the machine meanwhile")


async def _measured(url: str, people: int) -> list[tuple[str, str, str]]:
    await migrate(url)
    bundle = load(ROOT / "policies")
    contacts = await _fill(url, bundle, people)
    database = Database(url, size=5)
    desk = ReportDesk(database=database, policy=ActivePolicy(bundle))
    persona = next(iter(bundle.personas))
    questions = {
        "report": ReportQuestion(),
        "of a channel": ReportQuestion(channel="web"),
        "of a channel and a persona": ReportQuestion(channel="web", persona=persona),
    }
    try:
        rows: list[tuple[str, str, str]] = []
        for what, question in questions.items():
            took, pauses = await _timed(desk, bundle.default_journey, question)
            rows.append((f"{what}, {contacts:,} touchpoints", f"{took[TIMES // 2]:.2f} s", f"{took[-1]:.2f} s"))
            rows.append(("the loop answers nobody else", "", f"{max(pauses) * 1000:.0f} ms"))
        return rows
    finally:
        await database.close()


async def _timed(desk: ReportDesk, journey: str, question: ReportQuestion) -> tuple[list[float], list[float]]:
    """How long a report takes, sorted, and how late a clock ticks meanwhile, in seconds."""
    pauses = [0.0]

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            pauses.append(time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    took: list[float] = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await desk.report(journey, question, Moment(now=system_now()))
        took.append(time.perf_counter() - began)
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    return sorted(took), pauses


async def _fill(url: str, bundle: Bundle, people: int) -> int:
    """Copy people and their contacts as the service would have written them; returns how many contacts."""
    draw, now = random.Random(7), system_now()  # noqa: S311 - the same people in every run
    agreed = now - AGREED_BEFORE
    ids = [new_id() for _ in range(people)]
    notice = bundle.current_notice("shop", "it")
    states = [
        (i, purpose, *_said(draw, agreed, now), notice.id, notice.version, False, False)
        for i in ids
        for purpose in ("analytics", "personalization")
    ]
    contacts = sorted((c for i in ids for c in _walk(draw, bundle, i, now)), key=lambda contact: contact[5])
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        tables: dict[str, list[tuple[Any, ...]]] = {
            "subjects": [(i, agreed, 1) for i in ids],
            "consent_state": states,
            "touchpoints": contacts,
        }
        for table, rows in tables.items():
            for first in range(0, len(rows), BATCH):
                batch = rows[first : first + BATCH]
                await connection.copy_records_to_table(table, records=batch, columns=COLUMNS[table])
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return len(contacts)


def _said(draw: random.Random, agreed: datetime, now: datetime) -> tuple[Any, ...]:
    if draw.random() < ALLOW:
        return "given", new_id(), agreed, now + AGREED_BEFORE, agreed
    return "withdrawn", new_id(), agreed, None, None


def _walk(draw: random.Random, bundle: Bundle, subject_id: UUID, now: datetime) -> Iterator[tuple[Any, ...]]:
    """The contacts of one person, who goes from stage to stage, mostly on."""
    journey, channels = bundle.journeys[bundle.default_journey], list(bundle.channels)[:5]
    stage, at = 0, now - timedelta(days=draw.uniform(*FIRST_DAYS))
    for _ in range(draw.randint(*CONTACTS)):
        stage = max(0, min(len(journey.stages) - 1, stage + draw.choice(STEPS)))
        rule = draw.choice([rule for rule in journey.rules if rule.stage == journey.stages[stage].id])
        at += timedelta(hours=draw.expovariate(1 / HOURS_BETWEEN))
        if at > now:
            return
        felt = draw.choice((None, None, None, -2, -1, 0, 1, 2))
        channel = rule.channel or draw.choice(channels)
        yield subject_id, uuid4(), rule.event, channel, at, at, ["analytics", "personalization"], felt


if __name__ == "__main__":
    main()
