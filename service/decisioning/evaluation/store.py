"""Decisions of the past, read as a stream."""

from collections.abc import AsyncGenerator
from datetime import datetime

from service.decisioning.evaluation.model import Period, Stored
from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)
AT_ONCE = 1000
PATIENCE = "SET LOCAL statement_timeout = 0"
"""A whole log takes as long as it takes; nobody waits behind a reader."""
LONGEST_SECONDS = 3600


async def extent(connection: Connection, period: Period) -> tuple[datetime, int]:
    """The time, and how many decisions there are to go through."""
    await connection.execute(PATIENCE)
    row = await connection.fetchrow(QUERIES["extent"], *_given(period), timeout=LONGEST_SECONDS)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return row["now"], row["decisions"]


async def stored(connection: Connection, period: Period) -> AsyncGenerator[list[Stored]]:
    """The decisions of a period, few at a time, those of one person after the other. In the caller's transaction."""
    cursor = await connection.cursor(QUERIES["stored"], *_given(period), timeout=LONGEST_SECONDS)
    while rows := await cursor.fetch(AT_ONCE, timeout=LONGEST_SECONDS):
        yield [Stored(*row) for row in rows]


def _given(period: Period) -> tuple[datetime, datetime, list[str] | None]:
    placements = None if period.placements is None else list(period.placements)
    return period.since, period.until, placements
