"""Arms and tables in the database."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from service.decisioning.learning.model import Computed, Counts, LearntSlot
from service.decisioning.tables import Table
from service.kernel.database import Connection, Reader
from service.kernel.queries import load

QUERIES = load(__package__)
LOCK = 0x504C_4143_4554_0002
"""The advisory lock of whoever learns."""


async def alone(connection: Connection) -> bool:
    """Whether the caller is the only learner, until its transaction ends; does not wait for another."""
    return await connection.fetchval(QUERIES["alone"], LOCK)


async def slots(connection: Connection, placements: Collection[str]) -> tuple[datetime | None, list[LearntSlot]]:
    """The slots of placements of which something was learnt, and the time (None where there are none)."""
    rows = await connection.fetch(QUERIES["slots"], list(placements))
    found = [
        LearntSlot(
            placement=row["placement"],
            stage=row["stage"],
            arms={offer: Counts(*counts) for offer, counts in row["arms"].items()},
            revision=row["revision"],
            computed=Computed(row["computed_revision"], row["bundle"], row["computed_at"])
            if row["bundle"] is not None
            else None,
        )
        for row in rows
    ]
    return (rows[0]["now"] if rows else None), found


async def tabulate(
    connection: Connection, version: UUID, slot: LearntSlot, probabilities: Mapping[str, float], bundle: str
) -> None:
    """Keep a table of a slot."""
    await connection.execute(
        QUERIES["tabulate"], version, slot.placement, slot.stage, probabilities, slot.revision, bundle
    )


async def drop_tables(connection: Connection, days: int) -> None:
    """Delete tables that no decision refers to any longer, which is after so many days."""
    await connection.execute(QUERIES["drop_tables"], days)


async def newer_tables(reader: Reader, than: UUID) -> dict[tuple[str, str], Table]:
    """The newest table of each slot, by placement and stage, if there is one newer than a version."""
    rows = await reader.fetch(QUERIES["newer_tables"], than)
    return {(row["placement"], row["stage"]): Table(row["version"], row["probabilities"]) for row in rows}
