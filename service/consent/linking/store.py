"""What a link needs from the ledger."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def payloads(
    connection: Connection, subject_id: UUID, entries: Iterable[UUID]
) -> Mapping[UUID, Mapping[str, Any]]:
    """What entries of a subject say."""
    rows = await connection.fetch(QUERIES["payloads"], subject_id, list(entries))
    return {row["entry_id"]: row["payload"] for row in rows}


async def links(connection: Connection, subjects: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """The last link of each subject of a browser."""
    rows = await connection.fetch(QUERIES["links"], list(subjects))
    return {row["subject_id"]: row["link"] for row in rows}


async def link(connection: Connection, subject_id: UUID) -> UUID:
    """The link of a browser's subject that is linked; the last that was recorded, whatever the clock was set to."""
    return (await links(connection, [subject_id]))[subject_id]
