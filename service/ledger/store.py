"""Ledger entries in the database: insert and select, never update."""

from collections.abc import Sequence

from service.kernel.database import Connection
from service.kernel.queries import load
from service.ledger.model import Entry

QUERIES = load(__package__)


async def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add entries in the caller's transaction."""
    await connection.execute(
        QUERIES["append"],
        [e.subject_id for e in entries],
        [e.entry_id for e in entries],
        [e.kind for e in entries],
        [e.effective_at for e in entries],
        [e.recorded_at for e in entries],
        [dict(e.payload) for e in entries],
        [e.evidence for e in entries],
        [e.salt for e in entries],
        [e.commitment for e in entries],
    )
