"""What a report costs others: it stops when nobody waits for it; and real paths through channels, counted twice."""

import asyncio
import csv
import gzip
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from msgspec import structs

from service.journey.report.model import ReportQuestion
from service.policy.model import Channel, Journey, TouchpointRule
from tests.conftest import ROOT
from tests.consenting import DAY, NOON
from tests.running import Running
from tests.strolling import JOURNEY, Walk, shop, told, write
from tests.visiting import waited_for

PATHS = ROOT.parent / "shared/data/channel-paths.csv.gz"
REPORT = f"/v1/journeys/{JOURNEY}/report"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
PEOPLE = 3000


async def test_a_report_ends_when_its_caller_goes_away(service: Running) -> None:
    """The statements of a report that nobody waits for any more are cancelled, and the next report is answered."""
    officer = {"Authorization": f"Bearer {service.officers[0]}"}
    locking, locked = asyncio.Event(), asyncio.Event()

    async def lock() -> None:
        async def work(connection: object) -> None:
            await connection.execute("LOCK TABLE touchpoints")  # pyright: ignore[reportAttributeAccessIssue] - a connection
            locked.set()
            await locking.wait()

        await service.database.run("test.lock", work)

    holding = asyncio.create_task(lock())
    await locked.wait()
    async with httpx.AsyncClient(base_url=service.http.base_url) as browser:
        asking = asyncio.create_task(browser.get(REPORT, headers=officer))
        await waited_for(service, "relation")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(10):
        while await service.database.fetchval(WAITING):
            pass
    locking.set()
    await holding
    assert (await service.get(REPORT, key=service.officers[0])).status_code == 200


def paths() -> list[list[str]]:
    """The first real paths, each with the channels in order."""
    with gzip.open(PATHS, "rt") as file:
        rows = list(csv.DictReader(file))
    return [[name.strip() for name in row["path"].split(">")] for row in rows[:PEOPLE]]


@pytest.mark.skipif(not PATHS.exists(), reason=f"needs {PATHS.name} in {PATHS.parent}")
async def test_real_paths_through_channels_are_counted_as_they_are(database_url: str) -> None:
    """Paths of a real log, a person each: people by channel, and stages by a journey that follows the channel."""
    real = paths()
    names = sorted({name for path in real for name in path})
    bundle = shop()
    journey: Journey = bundle.journeys[JOURNEY]
    stages = [stage.id for stage in journey.stages]
    rules = tuple(TouchpointRule("visit", n, stages[place % len(stages)], 1.0, None) for place, n in enumerate(names))
    journey = structs.replace(journey, rules=rules, half_life_hours=1.0, hysteresis=0.0, friction=(), conversions=())
    channels = {name: Channel(name, {"en": name}, "online") for name in names}
    bundle = structs.replace(bundle, channels=channels, journeys={**bundle.journeys, JOURNEY: journey})
    walks: list[Walk] = [
        [("visit", name, NOON - DAY - (len(path) - step) * timedelta(hours=5), None) for step, name in enumerate(path)]
        for path in real
    ]
    await write(database_url, walks)
    # In five hours the evidence falls to a thirty-second, so that everybody is where their last contact was.
    report = await told(database_url, bundle, ReportQuestion(first=(NOON - 100 * DAY).date()))
    assert report.people == PEOPLE
    used = Counter(name for path in real for name in set(path))
    assert {row.channel: row.people for row in report.channels} == used
    last = Counter(stages[names.index(path[-1]) % len(stages)] for path in real)
    assert {row.stage: row.people for row in report.stages if row.stage} == last
    assert {(row.event, row.channel): row.people for row in report.touchpoints} == {
        ("visit", n): used[n] for n in names
    }
