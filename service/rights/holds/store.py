"""Holds in the database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load

QUERIES = load(__package__)


class Ended(Struct, frozen=True):
    """A hold that is over: what it held, on which request, and whether it goes, since nothing keeps it."""

    data: str
    request_id: UUID
    goes: bool


async def held(reader: Reader, subjects: Collection[UUID]) -> Mapping[UUID, Mapping[str, datetime]]:
    """Until when which data of subjects is held, of those of whom any is."""
    found: defaultdict[UUID, dict[str, datetime]] = defaultdict(dict)
    for row in await reader.fetch(QUERIES["held"], list(subjects)):
        found[row["subject_id"]][row["data"]] = row["until"]
    return found


async def hold(
    connection: Connection,
    reasons: Mapping[UUID, bytes],
    data: Sequence[str],
    until: datetime,
    request_id: UUID,
    at: datetime,
) -> None:
    """Hold data of subjects on a request, for a reason that is sealed for each."""
    await connection.execute(QUERIES["hold"], list(reasons), list(reasons.values()), list(data), until, request_id, at)


async def of_request(reader: Reader, request_id: UUID) -> list[Row]:
    """What is held on a request, for each of its subjects."""
    return await reader.fetch(QUERIES["of_request"], request_id)


async def end_now(connection: Connection, request_id: UUID, at: datetime) -> None:
    """Let what is held on a request be held no longer."""
    await connection.execute(QUERIES["end_now"], request_id, at)


async def ended(reader: Reader, at: datetime, most: int) -> list[UUID]:
    """Of whom something is held no longer, up to `most`."""
    return [row["subject_id"] for row in await reader.fetch(QUERIES["ended"], at, most)]


async def take_ended(connection: Connection, subject_id: UUID, at: datetime) -> list[Ended]:
    """Take away the holds of a subject that are over; the caller has its lock."""
    rows = await connection.fetch(QUERIES["take_ended"], subject_id, at)
    return [Ended(row["data"], row["request_id"], row["goes"]) for row in rows]
