"""`placet keys provide`, `rotate epoch`, `rotate recipient`: what is to do with the keys in the keyring's database."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import click
from msgspec import Struct

from service.cli.ending import UNREACHABLE, USAGE, Stop, database_url, run, settings_of, told
from service.cli.keyring import keyring_url, opened, require_migrated
from service.cli.keys.progress import Bars
from service.kernel import datamap
from service.kernel.database import Database
from service.kernel.log import configure
from service.kernel.migrate import pending
from service.settings import Settings
from service.subjects import private
from service.subjects.keyring import Keyring, load_key_file
from service.subjects.keys import rotation
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.providing import provide as provide_keys
from service.subjects.keys.recognition import recognise as recognise_keys
from service.subjects.recognition import recognise

NEW_NAMES = (
    "Every pseudonym that recipients have stops: they get new ones, and cannot join them with those they have. Nothing "
    "brings the old ones back. Run this with --yes when they know."
)


class Bench(Struct, frozen=True):
    """What these commands work with."""

    settings: Settings
    database: Database
    keyring: Keyring
    keys: SubjectKeys


@click.command()
def provide() -> None:
    """Give everyone who was recorded before this version keys of their own. Do it once, before serving."""
    _run(_provide)


@click.command()
def epoch() -> None:
    """Wrap everyone's keys by a new epoch key, and destroy the old one: what was shredded is dead in every backup."""
    _run(_epoch)
    click.echo("The epoch has ended, and its key is destroyed. Copy the key file anew, and destroy its older copies:")
    click.echo("they hold the key that was destroyed.")


@click.command()
@click.option("--yes", is_flag=True, help="The recipients know that their pseudonyms change.")
def recipient(yes: bool) -> None:
    """Name everyone anew to every recipient, with nothing in common with the names until now."""
    if not yes:
        raise Stop(NEW_NAMES, USAGE)
    _run(_recipient)
    click.echo("Recipients get new pseudonyms from now on, and the old key is destroyed. Copy the key file anew.")


def _run(work: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    settings = settings_of()
    configure(settings.log_level)
    with told(), private.locked(settings.key_file):
        run(_at_work(settings, work))


async def _at_work(settings: Settings, work: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async with _bench(settings) as bench:
        await work(bench)


@asynccontextmanager
async def _bench(settings: Settings) -> AsyncGenerator[Bench]:
    url, keyring = database_url(settings), load_key_file(settings)
    address = await keyring_url(settings, url)
    if missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    await require_migrated(address)
    database = Database(url, size=2)
    try:
        await recognise(database, keyring, settings.key_file)
        async with opened(address, settings, keyring) as keys:
            yield Bench(settings, database, keyring, keys)
    finally:
        await database.close()


async def _provide(bench: Bench) -> None:
    await bench.keys.begin()
    with Bars() as bars:
        everything = await datamap.read(bench.database)
        number = await provide_keys(bench.database, bench.keys, everything, bars.bar("Giving keys"))
    await recognise_keys(bench.database, bench.keys)
    click.echo(f"People who were given keys of their own: {number}.")


async def _epoch(bench: Bench) -> None:
    await recognise_keys(bench.database, bench.keys)
    with Bars() as bars:
        tell = bars.bar("Wrapping keys anew")
        await rotation.rotate_epoch(bench.settings, bench.database, bench.keys, bench.keyring, tell)


async def _recipient(bench: Bench) -> None:
    await recognise_keys(bench.database, bench.keys)
    await rotation.rotate_recipient(bench.settings, bench.database, bench.keys, bench.keyring)
