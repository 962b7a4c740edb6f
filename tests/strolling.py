"""People who walk through a journey, written into a database as the service would have, and the report of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import asyncpg
from msgspec import structs

from service.journey.report.commands import ReportDesk
from service.journey.report.model import Report, ReportQuestion
from service.kernel.clock import Moment
from service.kernel.database import Database
from service.kernel.ids import new_id
from service.policy.commands import ActivePolicy
from service.policy.load import load
from service.policy.model import Bundle, Journey
from tests.conftest import ROOT
from tests.consenting import DAY, NOON

Step = tuple[str, str, datetime, int | None]
"""An event, its channel, when it was, and how it felt."""
Walk = Sequence[Step]
JOURNEY = "see-think-do-care"
KEEPING = ["analytics", "personalization"]


def shop(smallest_group: int = 1, **more: Any) -> Bundle:
    """The bundle that ships, whose reports tell of groups of so many people; `more` changes its journey."""
    bundle = load(ROOT / "policies")
    journey = structs.replace(bundle.journeys[JOURNEY], smallest_group=smallest_group, **more)
    return structs.replace(bundle, journeys={**bundle.journeys, JOURNEY: journey})


def walks(draw: Random, number: int, journey: Journey, channels: Sequence[str]) -> list[Walk]:
    """People who wander about, with contacts at one instant, some that no rule speaks of, and some that were rated."""
    events = [rule.event for rule in journey.rules] + ["search"] * 8 + ["purchase"] * 4
    events += ["payment_failed", "elsewhere"]
    found: list[Walk] = []
    for _ in range(number):
        at = NOON - draw.random() * 100 * DAY
        walk: list[Step] = []
        for _ in range(draw.randint(1, 14)):
            feeling = draw.choice([None, None, -2, -1, 0, 1, 2])
            walk.append((draw.choice(events), draw.choice(channels), at, feeling))
            at += draw.choice([timedelta(0), timedelta(minutes=draw.random() * 30), draw.random() * 12 * DAY])
        found.append([step for step in walk if step[2] <= NOON])
    return [walk for walk in found if walk]


async def write(url: str, people: Sequence[Walk], **state: object) -> None:
    """Write people who gave their consent long ago, and their contacts; `state` changes what they said."""
    ids = [new_id() for _ in people]
    long_ago = NOON - 120 * DAY
    given: Mapping[str, object] = {
        "status": "given",
        "effective_at": long_ago,
        "valid_until": NOON + DAY,
        "given_since": long_ago,
        "notice_id": "shop",
        "notice_version": "1.0",
        "gpc": False,
        "guardian_missing": False,
        **state,
    }
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table(
            "subjects", records=[(i, long_ago, 1) for i in ids], columns=("subject_id", "created_at", "revision")
        )
        await connection.copy_records_to_table(
            "consent_state",
            records=[(i, purpose, new_id(), *given.values()) for i in ids for purpose in KEEPING],
            columns=("subject_id", "purpose", "entry_id", *given),
        )
        await connection.copy_records_to_table(
            "touchpoints",
            records=[
                (i, new_id(), event, channel, at, max(at, long_ago), KEEPING, felt)
                for i, walk in zip(ids, people, strict=True)
                for event, channel, at, felt in walk
            ],
            columns=(
                *("subject_id", "touchpoint_id", "event", "channel"),
                *("occurred_at", "recorded_at", "purposes", "sentiment"),
            ),
        )
    finally:
        await connection.close()


async def told(url: str, bundle: Bundle, question: ReportQuestion | None = None, now: datetime = NOON) -> Report:
    """The report of the shop's journey."""
    database = Database(url, size=3)
    try:
        desk = ReportDesk(database=database, policy=ActivePolicy(bundle))
        return await desk.report(JOURNEY, question or ReportQuestion(), Moment(now=now))
    finally:
        await database.close()
