"""Bundles in the database: every one that was ever active, whole."""

from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def activate(connection: Connection, digest: str, content: bytes) -> None:
    """Keep the bundle under its digest and make it the active one."""
    await connection.execute(QUERIES["activate"], digest, content)
