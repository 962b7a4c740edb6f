"""Bundles in the database: every one that was ever active, whole."""

from service.kernel.database import Connection, Database
from service.kernel.queries import load

QUERIES = load(__package__)


async def activate(connection: Connection, digest: str, content: bytes) -> None:
    """Keep the bundle under its digest and make it the active one."""
    await connection.execute(QUERIES["activate"], digest, content)


async def digests(database: Database) -> list[str]:
    """Every bundle that was ever active, the last one first."""
    return [row["digest"] for row in await database.fetch(QUERIES["digests"])]


async def content(database: Database, digest: str) -> bytes:
    """All files of one bundle, as canonical JSON."""
    return await database.fetchval(QUERIES["content"], digest)
