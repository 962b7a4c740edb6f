"""The roles of both databases as an operator grants them: the two files roles.sql under migrations/."""

import asyncpg

from tests.architecture.documents import ROOT

ROLES = ("placet_serving", "placet_worker", "placet_erasure")


async def grant(url: str, folder: str = "migrations") -> None:
    """Run the roles.sql of a folder as the owner of the tables."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute((ROOT / folder / "roles.sql").read_text())
    finally:
        await connection.close()


def as_role(url: str, role: str) -> str:
    """The address of a database for sessions that have the rights of a role, and no others."""
    return f"{url}?role={role}"
