"""Ledger entries in the database: insert and select, never update."""

from collections.abc import Sequence

from service.kernel.database import Connection
from service.kernel.queries import load
from service.ledger.model import Entry

QUERIES = load(__package__)


async def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add entries in the caller's transaction."""
    await connection.execute(QUERIES["append"], entries)
