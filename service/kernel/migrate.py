"""Numbered SQL files, applied once each, in order, by one process at a time; and the schema that they lead to.

An applied file never changes: its checksum is kept, and a difference stops the start.
"""

import hashlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
from asyncpg import exceptions
from msgspec import Struct

from service.kernel.database import GONE, Row
from service.kernel.pool import CONNECT_SECONDS
from service.kernel.problem import Unavailable
from service.kernel.queries import load

QUERIES = load(__package__)

FOLDER = Path(__file__).parents[2] / "migrations"
NAME = re.compile(r"(?P<number>\d{4})_[a-z_]+\.sql")
OLDEST = 15
LOCK = 5_028_774_093
"""Names the advisory lock of migrations; a number chosen once."""


class MigrationRefused(Exception):
    """The database or the migration files are not what they should be; the message says what to do."""


class Migration(Struct, frozen=True):
    """One file of the folder."""

    name: str
    sql: str
    checksum: str


async def migrate(url: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing, each file in its own transaction; returns the names. Others who migrate are waited for."""
    migrations = read(folder)
    applied: list[str] = []
    async with _connected(url) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute(QUERIES["migrations_table"])
        known = {row["name"]: row["checksum"] for row in await connection.fetch(QUERIES["migrations_applied"])}
        _require_unchanged(migrations, known)
        for migration in migrations:
            if migration.name in known:
                continue
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(QUERIES["migration_applied"], migration.name, migration.checksum)
            applied.append(migration.name)
    return applied


async def create_beside(url: str, suffix: str) -> str:
    """The address of the database on the same server that is named like this one with a suffix; made if missing."""
    parts = urlsplit(url)
    name = (unquote(parts.path.strip("/")) or parts.username or "postgres") + suffix
    async with _connected(url) as connection:
        if not await connection.fetchval(QUERIES["database_exists"], name):
            try:
                await connection.execute(await connection.fetchval(QUERIES["create_database"], name))
            except (exceptions.DuplicateDatabaseError, exceptions.UniqueViolationError):
                pass  # somebody else who starts has just made it
            except exceptions.InsufficientPrivilegeError as error:
                raise MigrationRefused(
                    f"this user may not create the database {name}; create it, owned by this user, and try again"
                ) from error
    return urlunsplit(parts._replace(path=f"/{quote(name)}"))


async def pending(url: str, folder: Path = FOLDER) -> list[str]:
    """The migrations that a database lacks; raises `MigrationRefused` where it is not one of this version."""
    migrations = read(folder)
    async with _connected(url) as connection:
        exists = await connection.fetchval("SELECT to_regclass('migrations') IS NOT NULL")
        rows = await connection.fetch(QUERIES["migrations_applied"]) if exists else []
    known = {row["name"]: row["checksum"] for row in rows}
    _require_unchanged(migrations, known)
    return [migration.name for migration in migrations if migration.name not in known]


def read(folder: Path) -> list[Migration]:
    """The migrations of a folder in order; raises `MigrationRefused` for a gap or a number used twice."""
    files = sorted(path for path in folder.glob("*.sql") if NAME.fullmatch(path.name))
    numbers = [int(path.name[:4]) for path in files]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise MigrationRefused(f"{folder} must hold migrations numbered 0001, 0002, … without a gap; it does not")
    return [_migration(path) for path in files]


def _migration(path: Path) -> Migration:
    sql = path.read_text()
    return Migration(name=path.name, sql=sql, checksum=hashlib.sha256(sql.encode()).hexdigest())


def _require_unchanged(migrations: Sequence[Migration], known: Mapping[str, str]) -> None:
    files = {migration.name: migration.checksum for migration in migrations}
    if newer := sorted(known.keys() - files.keys()):
        raise MigrationRefused(
            f"the database has {', '.join(newer)}, which this version does not know; run a newer version"
        )
    if changed := sorted(name for name, checksum in known.items() if files[name] != checksum):
        raise MigrationRefused(
            f"{', '.join(changed)} was changed after it was applied; restore it and add a new migration"
        )


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]", None]:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings={"search_path": "public"})
    except (*GONE, exceptions.UndefinedObjectError) as error:  # the latter: a parameter of the address
        raise Unavailable("The database cannot be reached.") from error
    try:
        version = connection.get_server_version()
        if version.major < OLDEST:
            raise MigrationRefused(f"this is PostgreSQL {version.major}; version {OLDEST} or newer is needed")
        yield connection
    finally:
        await connection.close()


async def snapshot(url: str) -> str:
    """The schema of a database as text: the same for the same schema on every supported version of PostgreSQL."""
    async with _connected(url) as connection:
        parts = ["-- The schema that the migrations lead to, as the catalogue has it. Written by `placet schema`."]
        tables = await connection.fetch(QUERIES["schema_tables"])
        parts += [await _table(connection, row["name"], row["comment"]) for row in tables]
        parts += [f"{row['definition'].rstrip()};" for row in await connection.fetch(QUERIES["schema_functions"])]
    return "\n\n".join(parts) + "\n"


async def _table(connection: "asyncpg.Connection[asyncpg.Record]", name: str, comment: str | None) -> str:
    columns = [_column(row) for row in await connection.fetch(QUERIES["schema_columns"], name)]
    constraints = [
        f"CONSTRAINT {r['name']} {r['definition']}" for r in await connection.fetch(QUERIES["schema_constraints"], name)
    ]
    lines = [f"CREATE TABLE {name} (", ",\n".join(f"    {line}" for line in [*columns, *constraints]), ");"]
    lines += [f"{row['definition']};" for row in await connection.fetch(QUERIES["schema_indexes"], name)]
    lines.append(f"COMMENT ON TABLE {name} IS {_quoted(comment)};")
    lines += [
        f"COMMENT ON COLUMN {name}.{row['name']} IS {_quoted(row['comment'])};"
        for row in await connection.fetch(QUERIES["schema_columns"], name)
    ]
    return "\n".join(lines)


def _column(row: Row) -> str:
    default = f" DEFAULT {row['default']}" if row["default"] else ""
    return f"{row['name']} {row['type']}{' NOT NULL' if row['required'] else ''}{default}"


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
