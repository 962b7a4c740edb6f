"""Addresses of requests in the database."""

from uuid import UUID

from service.kernel.database import Connection, Reader
from service.kernel.queries import load

QUERIES = load(__package__)


async def address(reader: Reader, request_id: UUID) -> bytes | None:
    """Where the outcome of a request is told, still sealed; None where nobody said."""
    row = await reader.fetchrow(QUERIES["address"], request_id)
    return row["address"] if row else None


async def keep_address(connection: Connection, request_id: UUID, sealed: bytes) -> None:
    """Tell the outcome of a request there."""
    await connection.execute(QUERIES["keep_address"], request_id, sealed)
