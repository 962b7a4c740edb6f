"""Touchpoints in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.journey.model import Contacts
from service.kernel.database import Connection, Reader
from service.kernel.queries import load

QUERIES = load(__package__)


class Kept(Struct, frozen=True):
    """A touchpoint as it is stored: its purposes are those allowed when it was recorded."""

    subject_id: UUID
    touchpoint_id: UUID
    event: str
    channel: str
    occurred_at: datetime
    purposes: tuple[str, ...]
    sentiment: int | None
    properties: bytes | None


async def keep(connection: Connection, touchpoints: Sequence[Kept], recorded_at: datetime) -> set[tuple[UUID, UUID]]:
    """Keep touchpoints; returns subject id and touchpoint id of those that were not there yet."""
    if not touchpoints:
        return set()
    rows = await connection.fetch(
        QUERIES["keep"],
        [t.subject_id for t in touchpoints],
        [t.touchpoint_id for t in touchpoints],
        [t.event for t in touchpoints],
        [t.channel for t in touchpoints],
        [t.occurred_at for t in touchpoints],
        [",".join(t.purposes) for t in touchpoints],
        [t.sentiment for t in touchpoints],
        [t.properties for t in touchpoints],
        recorded_at,
    )
    return {(row["subject_id"], row["touchpoint_id"]) for row in rows}


async def contacts(
    reader: Reader, subject_id: UUID, purpose: str, given_since: datetime | None, window: datetime, now: datetime
) -> list[Contacts]:
    """The subject's contacts kept for `purpose` and recorded since its current grant began (None: any)."""
    rows = await reader.fetch(QUERIES["contacts"], subject_id, purpose, given_since, window, now)
    return [
        Contacts(event=r["event"], channel=r["channel"], count=r["count"], last=r["last"], recent=r["recent"])
        for r in rows
    ]
