"""Migrations are applied once each, in order, by one process at a time, and never change afterwards."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from service.kernel import migrate as module
from service.kernel.migrate import FOLDER, MigrationRefused, migrate, pending, read, snapshot
from service.kernel.problem import Unavailable

NAMES = [path.name for path in sorted(FOLDER.glob("0*.sql"))]
NOTHING = "-- Nothing.\nSELECT 1;\n"

Apply = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that may be changed."""
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


def following(folder: Path, name: str, sql: str = NOTHING) -> str:
    """Add the next migration to a folder; returns its file's name."""
    file = f"{len(NAMES) + 1:04}_{name}.sql"
    (folder / file).write_text(sql)
    return file


async def test_every_migration_is_applied_once_and_in_order(empty_database_url: str) -> None:
    """A second time there is nothing to do."""
    assert await pending(empty_database_url) == NAMES
    assert await migrate(empty_database_url) == NAMES
    assert await pending(empty_database_url) == []
    assert await migrate(empty_database_url) == []


async def test_several_processes_that_migrate_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    """One at a time holds the lock; the others wait and find nothing to do."""
    applied = await asyncio.gather(*(migrate(empty_database_url) for _ in range(8)))
    assert [names for names in applied if names] == [NAMES]


async def test_a_database_in_use_gets_only_what_it_lacks(empty_database_url: str, folder: Path) -> None:
    """A new file is applied on top of those that are there."""
    await migrate(empty_database_url, folder)
    added = following(folder, "more")
    assert await pending(empty_database_url, folder) == [added]
    assert await migrate(empty_database_url, folder) == [added]


@pytest.mark.parametrize("apply", [migrate, pending])
async def test_a_migration_that_was_changed_is_refused(empty_database_url: str, folder: Path, apply: Apply) -> None:
    """The message names the file, and nothing that follows it is applied."""
    await migrate(empty_database_url, folder)
    with (folder / NAMES[2]).open("a") as file:
        file.write("\n")
    added = following(folder, "more")
    with pytest.raises(MigrationRefused, match=f"{NAMES[2]} was changed after it was applied; restore it"):
        await apply(empty_database_url, folder)
    (folder / NAMES[2]).write_text((FOLDER / NAMES[2]).read_text())
    assert await pending(empty_database_url, folder) == [added]


@pytest.mark.parametrize("apply", [migrate, pending])
async def test_a_database_of_a_newer_version_is_refused(empty_database_url: str, folder: Path, apply: Apply) -> None:
    """A migration that this version does not know stops it before it touches anything."""
    added = following(folder, "of_a_newer_version")
    await migrate(empty_database_url, folder)
    with pytest.raises(MigrationRefused, match=f"the database has {added}, which this version does not know"):
        await apply(empty_database_url)


async def test_a_migration_that_fails_leaves_nothing_of_itself(empty_database_url: str, folder: Path) -> None:
    """Those before it stay; the lock is free again, and mended it is applied."""
    broken = following(folder, "broken", "CREATE TABLE half (a int);\nSELECT no_such_function();\n")
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await migrate(empty_database_url, folder)
    assert await pending(empty_database_url, folder) == [broken]
    assert "CREATE TABLE half" not in await snapshot(empty_database_url)
    (folder / broken).write_text(NOTHING)
    assert await asyncio.wait_for(migrate(empty_database_url, folder), 10) == [broken]


@pytest.mark.parametrize("change", ["gap", "twice", "none"])
def test_numbers_without_a_gap(folder: Path, change: str) -> None:
    """A missing number, one used twice or an empty folder is told at once."""
    match change:
        case "gap":
            (folder / NAMES[1]).unlink()
        case "twice":
            (folder / "0002_again.sql").write_text(NOTHING)
        case _:
            shutil.rmtree(folder)
    with pytest.raises(MigrationRefused, match="without a gap"):
        read(folder)


async def test_a_database_that_cannot_be_reached_is_unavailable(unused_tcp_port: int) -> None:
    """A migration that never began says so."""
    with pytest.raises(Unavailable):
        await migrate(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none")


async def test_an_older_postgresql_is_refused(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which version is needed."""
    monkeypatch.setattr(module, "OLDEST", 99)
    with pytest.raises(MigrationRefused, match="version 99 or newer is needed"):
        await migrate(empty_database_url)


async def test_the_committed_schema_is_the_one_that_migrations_lead_to(database_url: str) -> None:
    """migrations/schema.sql can be read instead of the migrations, on every supported version of PostgreSQL."""
    assert await snapshot(database_url) == (FOLDER / "schema.sql").read_text()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE api_keys ADD COLUMN more text",
        "ALTER TABLE api_keys ALTER COLUMN label DROP NOT NULL",
        "ALTER TABLE api_keys ALTER COLUMN label SET DEFAULT 'x'",
        "ALTER TABLE api_keys ALTER COLUMN label TYPE varchar(9)",
        "ALTER TABLE api_keys ADD CHECK (label <> '')",
        "CREATE INDEX ON api_keys (label)",
        "DROP INDEX lookups_subject",
        "COMMENT ON COLUMN api_keys.label IS 'Else. [pd=none]'",
        "COMMENT ON TABLE api_keys IS 'Else. [purposes=none]'",
        "CREATE TABLE more (a int)",
    ],
)
async def test_a_snapshot_shows_every_kind_of_difference(database_url: str, change: str) -> None:
    """Equality of snapshots means that the schema is equal."""
    before = await snapshot(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute(change)
    await connection.close()
    assert await snapshot(database_url) != before
