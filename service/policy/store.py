"""Bundles in the database: every one that was ever active, whole."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from service.kernel.database import Connection, Database
from service.kernel.queries import load
from service.policy.notice import Notice, of_elsewhere

QUERIES = load(__package__)
ACTIVATING = 6_042_218_874
"""Names the advisory lock of activations; a number chosen once."""


class Activation(NamedTuple):
    """A bundle was made the active one, until the next."""

    activated_at: datetime
    digest: str
    officer_id: UUID | None


async def activate(
    connection: Connection, digest: str, content: bytes, officer_id: UUID | None = None
) -> tuple[Activation | None, Activation]:
    """Keep the bundle under its digest and make it the active one, if it is not that already.

    Returns what was in force before, and what is now; two who do this at once do it one after the other.
    """
    await connection.execute(QUERIES["one_at_a_time"], ACTIVATING)
    before = await latest(connection)
    await connection.execute(QUERIES["activate"], digest, content, officer_id)
    return before, (await activations(connection))[-1]


async def latest(database: Database | Connection) -> Activation | None:
    """The activation in force; None where there never was one."""
    row = await database.fetchrow(QUERIES["latest"])
    return Activation(*row) if row else None


async def activations(database: Database | Connection) -> list[Activation]:
    """Every change of the bundle in force, the oldest first."""
    return [Activation(*row) for row in await database.fetch(QUERIES["activations"])]


async def content(database: Database | Connection, digest: str) -> bytes:
    """All files of one bundle, as canonical JSON."""
    return await database.fetchval(QUERIES["content"], digest)


async def keep_text(connection: Connection, notice: Notice) -> None:
    """Keep a text that no bundle has, once."""
    await connection.execute(
        QUERIES["keep_text"], notice.sha256, notice.id, notice.version, notice.language, notice.text
    )


async def text(database: Database, sha256: str) -> Notice | None:
    """The text with this hash that came with an import; which purposes it named nobody can say."""
    row = await database.fetchrow(QUERIES["text"], sha256)
    return of_elsewhere(row["notice_id"], row["version"], row["language"], row["text"], ()) if row else None
