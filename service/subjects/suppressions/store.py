"""Suppressions in the database."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from service.kernel.database import Connection, Reader
from service.kernel.queries import load

QUERIES = load(__package__)


async def suppress(
    connection: Connection, suppressed: Iterable[bytes], erased_at: datetime, expires_at: datetime
) -> None:
    """Keep that these identifiers were of somebody who has been erased."""
    await connection.execute(QUERIES["suppress"], list(suppressed), erased_at, expires_at)


async def erased(reader: Reader, suppressed: Iterable[bytes]) -> Mapping[bytes, datetime]:
    """When the holders of these identifiers were erased, of those of whom that is known."""
    return {row["suppressed"]: row["erased_at"] for row in await reader.fetch(QUERIES["erased"], list(suppressed))}


async def forget(connection: Connection, at: datetime | None, most: int) -> int:
    """Delete up to `most` whose time is over; returns how many."""
    return len(await connection.fetch(QUERIES["forget"], at, most))
