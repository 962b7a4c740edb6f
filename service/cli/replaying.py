"""Decisions of the past for commands: since when, and with which keys they are opened."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import click

from service.cli.ending import NO, UNREACHABLE, Stop, database_url
from service.decisioning.evaluation.commands import Replay
from service.kernel.database import Database
from service.kernel.migrate import pending
from service.policy.commands import Archive
from service.settings import Settings
from service.subjects.keyring import load_key_file
from service.subjects.recognition import recognise


def time_of(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """The time that an option names: a date, whose beginning is meant, or a time; without an offset in UTC."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("this is neither a date as 2026-03-01 nor a time as 2026-03-01T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """The deployment's database, of this version."""
    url = database_url(settings)
    if missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    database = Database(url, size=settings.pool_size)
    try:
        yield database
    finally:
        await database.close()


async def replay(settings: Settings, database: Database) -> Replay:
    """What goes through the decisions of a database, with the keys that open what they were made on."""
    keyring = load_key_file(settings)
    await recognise(database, keyring, settings.key_file)
    in_force = await Archive(database).latest()
    if in_force is None:
        raise Stop("no bundle is active; start the service once, which activates its own", NO)

    return Replay(
        database,
        in_force,
        lambda table, column, owner, sealed: keyring.seal.open(sealed, table.encode(), column.encode(), owner.bytes),
    )
