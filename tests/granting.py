"""The roles of the database as an operator grants them: migrations/roles.sql."""

import asyncpg

from tests.architecture.documents import ROOT

ROLES = ("placet_serving", "placet_worker", "placet_erasure")


async def grant(url: str) -> None:
    """Run roles.sql as the owner of the tables."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute((ROOT / "migrations/roles.sql").read_text())
    finally:
        await connection.close()


def as_role(url: str, role: str) -> str:
    """The address of a database for sessions that have the rights of a role, and no others."""
    return f"{url}?role={role}"
