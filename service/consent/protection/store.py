"""Objections and restrictions in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from service.consent.protection.model import ObjectedPurpose, Restricted
from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def objections(
    connection: Connection, subject_id: UUID, objected: Sequence[ObjectedPurpose], direct_marketing: Sequence[bool]
) -> None:
    """Keep objections; the last one to a purpose stands for those before it."""
    await connection.execute(
        QUERIES["object"],
        subject_id,
        [one.purpose for one in objected],
        [one.entry_id for one in objected],
        [one.effective_at for one in objected],
        list(direct_marketing),
    )


async def retract(connection: Connection, subject_id: UUID, purposes: Collection[str]) -> None:
    """Forget objections that count no longer."""
    await connection.execute(QUERIES["retract"], subject_id, list(purposes))


async def restriction(connection: Connection, subject_id: UUID, *, own: bool = False) -> Restricted | None:
    """The restriction that holds for a subject; with `own` only one that no link brought, which would end with it."""
    row = await connection.fetchrow(QUERIES["restriction"], subject_id)
    if row is None or (own and row["linked"]):
        return None
    return Restricted(subject_id=subject_id, entry_id=row["entry_id"], since=row["since"])


async def restrict(connection: Connection, subject_id: UUID, entry_id: UUID, since: datetime) -> None:
    """Keep a restriction."""
    await connection.execute(QUERIES["restrict"], subject_id, entry_id, since)


async def lift(connection: Connection, subject_id: UUID) -> None:
    """End a restriction."""
    await connection.execute(QUERIES["lift"], subject_id)


async def after(connection: Connection, subjects: Collection[UUID], clock: datetime) -> datetime:
    """The database's clock, or right after what was recorded of subjects last, where it was set back since."""
    return await connection.fetchval(QUERIES["after"], list(subjects), clock)
