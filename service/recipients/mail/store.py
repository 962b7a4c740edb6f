"""Letters under way in the database."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.kernel.queries import load
from service.recipients.mail.model import Letter, Taken

QUERIES = load(__package__)


async def post(connection: Connection, letters: Sequence[Letter], sealed: Sequence[bytes], lasts: timedelta) -> None:
    """Keep letters with their sealed content."""
    await connection.execute(
        QUERIES["post"],
        [letter.request_id for letter in letters],
        [new_id() for _ in letters],
        [letter.kind for letter in letters],
        list(sealed),
        lasts.total_seconds(),
    )


async def take(connection: Connection, most: int, lease: timedelta) -> list[Taken]:
    """Take up to `most` letters that are due, which nobody else takes as long as the lease lasts."""
    rows = await connection.fetch(QUERIES["take"], most, lease.total_seconds())
    return [Taken(**dict(row)) for row in rows]


async def postpone(connection: Connection, request_id: UUID, letter_id: UUID, pause: timedelta) -> None:
    """Let a letter be tried again after a pause."""
    await connection.execute(QUERIES["postpone"], request_id, letter_id, pause.total_seconds())


async def delete(connection: Connection, request_id: UUID, letter_id: UUID) -> None:
    """Forget a letter."""
    await connection.execute(QUERIES["delete"], request_id, letter_id)
