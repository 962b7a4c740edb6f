"""Codes in the database."""

from datetime import datetime
from uuid import UUID

from service.kernel.database import Connection, Row
from service.kernel.queries import load
from service.rights.verification.model import Code

QUERIES = load(__package__)


async def keep(connection: Connection, request_id: UUID, code: Code) -> None:
    """Keep a new code of a request."""
    lookups = list(code.lookups)
    await connection.execute(
        QUERIES["keep"], code.code_id, request_id, lookups, code.address, code.code_hash, code.expires_at
    )


async def sendable(connection: Connection, request_id: UUID, most_sent: int, most_attempts: int) -> list[Code]:
    """The codes of a request that may be sent once more."""
    rows = await connection.fetch(QUERIES["sendable"], request_id, most_sent, most_attempts)
    return [_code(row) for row in rows]


async def replace(connection: Connection, code_id: UUID, code_hash: bytes, expires_at: datetime) -> None:
    """Put a new code in the place of one."""
    await connection.execute(QUERIES["replace"], code_id, code_hash, expires_at)


async def attempt(connection: Connection, request_id: UUID, most: int) -> list[Code]:
    """The codes of a request, with this attempt counted; none once there were `most`."""
    return [_code(row) for row in await connection.fetch(QUERIES["attempt"], request_id, most)]


async def forget(connection: Connection, most: int) -> None:
    """Delete codes of requests that have got further."""
    await connection.execute(QUERIES["forget"], most)


def _code(row: Row) -> Code:
    return Code(**dict(row))
