"""A database that is restored from a backup, in the place of the one that it was made of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg


async def on_server(url: str, *statements: str) -> None:
    """Do this beside a database."""
    connection = await asyncpg.connect(f"{url.rpartition('/')[0]}/postgres")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def backed_up(url: str) -> AsyncIterator[str]:
    """A copy of a database as it is now, which nobody may be connected to; its name."""
    name = url.rpartition("/")[2]
    copy = f"{name}_backup"
    await on_server(url, f"CREATE DATABASE {copy} TEMPLATE {name} STRATEGY file_copy")
    yield copy
    await on_server(url, f"DROP DATABASE {copy} WITH (FORCE)")


async def restore(url: str, backup: str) -> None:
    """Put a backup where the database is, whoever is connected to that."""
    name = url.rpartition("/")[2]
    await on_server(
        url, f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {backup} STRATEGY file_copy"
    )
