"""Kept proofs in the database."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from service.kernel.database import Connection, Row
from service.kernel.queries import load
from service.rights.proof.model import Kept

QUERIES = load(__package__)


async def clock(connection: Connection) -> datetime:
    """The database's clock."""
    return await connection.fetchval(QUERIES["clock"])


async def consents(connection: Connection, subject_id: UUID) -> "list[Row]":
    """Id, payload and salt of the subject's entries on consent that still hold their fact."""
    return await connection.fetch(QUERIES["consents"], subject_id)


async def keep(connection: Connection, subject_id: UUID, sealed: Mapping[UUID, bytes], until: datetime) -> None:
    """Keep sealed proofs of one subject's entries until a time."""
    await connection.execute(QUERIES["keep"], subject_id, list(sealed), list(sealed.values()), until)


async def proof(connection: Connection, entry_id: UUID) -> Kept | None:
    """The proof of one entry; None where none was kept, or no longer is."""
    row = await connection.fetchrow(QUERIES["proof"], entry_id)
    return Kept(**dict(row)) if row else None


async def ask(connection: Connection, entry_id: UUID, officer_id: UUID | None, at: datetime | None) -> None:
    """Say who waits for another officer."""
    await connection.execute(QUERIES["ask"], entry_id, officer_id, at)


async def forget(connection: Connection, at: datetime | None, most: int) -> int:
    """Delete up to `most` proofs whose time is over; returns how many."""
    return int((await connection.execute(QUERIES["forget"], at, most)).rpartition(" ")[2])
