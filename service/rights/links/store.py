"""Links in the database."""

from datetime import datetime, timedelta
from uuid import UUID

from service.kernel.database import Connection, Reader
from service.kernel.queries import load
from service.rights.links.model import Link
from service.rights.model import State

QUERIES = load(__package__)


async def issue(
    connection: Connection, request_id: UUID, token_hash: bytes, at: datetime | None, lasts: timedelta
) -> None:
    """Keep the hash of a request's new token in the place of an older one."""
    await connection.execute(QUERIES["issue"], request_id, token_hash, at, lasts)


async def link(reader: Reader, token_hash: bytes) -> Link | None:
    """Where a token leads."""
    row = await reader.fetchrow(QUERIES["link"], token_hash)
    return Link(row["request_id"], row["language"], row["expires_at"], State(row["state"])) if row else None
