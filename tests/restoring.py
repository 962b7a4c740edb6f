"""A database that is restored from a backup, in the place of the one that it was made of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from service.kernel.embedded.binaries import binaries_for


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


async def program(name: str, *arguments: str) -> None:
    """Run a program of PostgreSQL to its end, which must be good."""
    process = await asyncio.create_subprocess_exec(
        str(binaries_for(None)[0] / name), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()


async def dump(url: str, path: Path) -> None:
    """Back up a database as an operator does, while it is served."""
    await program("pg_dump", "--format=custom", f"--file={path}", f"--dbname={url}")


async def restore_dump(url: str, path: Path) -> None:
    """Put such a backup where the database is, whoever is connected to that."""
    name = url.rpartition("/")[2]
    await on_server(url, f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    await program("pg_restore", "--exit-on-error", f"--dbname={url}", str(path))
