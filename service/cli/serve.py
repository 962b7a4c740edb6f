"""`placet serve` and `placet work`: the two processes of a deployment, which in development are one."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click
from granian.constants import Interfaces
from granian.server.embed import Server

from service.app import Desks, create_app
from service.cli import credentials
from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, database_url, run, settings_of, told
from service.cli.keyring import keyring_url, migrate_keyring, require_migrated, subject_keys
from service.decisioning.learning.commands import following_tables
from service.kernel import datamap
from service.kernel.database import Database
from service.kernel.embedded import Embedded
from service.kernel.log import configure, event
from service.kernel.migrate import migrate, pending
from service.ledger.gap.watch import Gap
from service.ledger.publication import Publication
from service.ledger.sequencing import Sequencer
from service.policy.commands import ActivePolicy, activate
from service.policy.following import keeping_up, reloading
from service.policy.load import load
from service.rights.journal.file import Journal
from service.rights.journal.gate import Gate, watching
from service.rights.store import may_erase
from service.settings import LAST_PORT, Settings
from service.subjects.following import following
from service.subjects.keyfile import create_key_file, upgrade_key_file
from service.subjects.keyring import Keyring, load_key_file
from service.subjects.keys.commands import SubjectKeys
from service.subjects.recognition import recognise, require_new
from service.work import Duties
from service.work import work as work_on

SELDOM = 10_000
"""New objects after which garbage is looked for; the default of 700 is a few requests."""
BACKLOG = 1024
LONGEST_END_SECONDS = 8.0
"""A caller who sends half a body and waits cannot keep the service from ending."""
QUIET: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"level": "ERROR", "handlers": [], "propagate": True}},
}
"""The server's own settings for logging; what it has to say goes through ours."""


@click.command()
@click.option(
    "--development", is_flag=True, help="For trying out: embedded PostgreSQL, keys, credentials, worker, all in one."
)
@click.option("--work", "works", is_flag=True, help="Do the worker's tasks in this process too.")
@click.option("--port", type=click.IntRange(1, LAST_PORT), help="Overrides PLACET_PORT.")
def serve(development: bool, works: bool, port: int | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    overrides: dict[str, object] = {"port": port} if port is not None else {}
    if development:
        overrides["environment"] = "development"
    settings = settings_of(**overrides)
    configure(settings.log_level)
    _require_free(settings)
    if settings.development:
        _require_folder(settings.data_dir)
    with told(), _embedded(settings) as embedded:
        url = embedded.url if embedded else database_url(settings)
        run(_serve(settings, url, works=works or settings.development))
    click.echo("stopped")


@click.command()
def work() -> None:
    """Do what has to be done without being asked, until SIGINT or SIGTERM. Any number of these may run."""
    settings = settings_of()
    configure(settings.log_level)
    run(_work(settings, database_url(settings)))


def _embedded(settings: Settings) -> "Embedded | nullcontext[None]":
    """In development without a database of one's own, PostgreSQL from a wheel; its postmaster dies with this thread."""
    if settings.development and settings.database_url is None:
        return Embedded.start(settings.data_dir)
    return nullcontext()


async def _serve(settings: Settings, url: str, *, works: bool) -> None:
    address = await _migrated(settings, url)
    async with _desks(settings, url, address) as desks, _stop() as stop:
        server = Server(
            create_app(desks),
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGINL,
            websockets=False,
            backlog=BACKLOG,
            log_dictconfig=QUIET,
        )
        gc.freeze()  # what is there now stays: looking through it for garbage cost a twelfth of each check
        gc.set_threshold(SELDOM)
        where = await credentials.write(desks, url, address) if settings.development else None
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve())
            working = group.create_task(work_on(_duties(desks))) if works else None
            _tell(settings, desks.policy.current.digest, where)
            await stop.wait()
            desks.changes.close()
            server.stop()
            if working:
                working.cancel()
            await asyncio.wait([serving], timeout=LONGEST_END_SECONDS)
            serving.cancel()


async def require_eraser(erasing: Database) -> None:
    """End the command where nobody could be erased."""
    if not await may_erase(erasing):
        raise Stop("this role may not erase; set PLACET_ERASURE_URL to one that may (docs/hardening.md)", NO)


@asynccontextmanager
async def _desks(settings: Settings, url: str, address: str) -> AsyncGenerator[Desks]:
    """What a service needs before it answers: keys, an active bundle. In development all of it is made."""
    gate = _gate(settings)
    database = Database(url, size=settings.pool_size, require=gate.require)
    try:
        keyring = await _keyring(settings, database)
        async with (
            subject_keys(address, settings, database, keyring) as keys,
            following(database, keyring),
            watching(database, gate),
        ):
            policy = ActivePolicy(await activate(database, settings.policies_dir))
            desks = Desks(settings, keyring, policy, database, await datamap.read(database), keys, gate.gap)
            await require_eraser(desks.erasing)
            tables = desks.decisions.tables
            async with keeping_up(database, policy), following_tables(database, tables), reloading(desks.bundles):
                yield desks
            await desks.close()
    finally:
        await database.close()


async def _migrated(settings: Settings, url: str) -> str:
    """The address of the keyring's database, once it and the other one are of this version."""
    load(settings.policies_dir)  # a bundle with mistakes is refused before anything is made
    address = await keyring_url(settings, url)
    if settings.development:
        await migrate(url)
        await migrate_keyring(address)
    elif missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    await require_migrated(address)
    return address


async def _keyring(settings: Settings, database: Database) -> Keyring:
    """The keys of this database; development makes them where it is new. Raises `KeyFileRefused`."""
    if not settings.key_file.exists():
        await require_new(database, settings.key_file)
        if settings.development:
            create_key_file(settings)
    elif settings.development and upgrade_key_file(settings):
        click.echo(f"{settings.key_file} is wrapped under a root key now: {settings.root_file}")
    keyring = load_key_file(settings)
    await recognise(database, keyring, settings.key_file)
    return keyring


def _gate(settings: Settings) -> Gate:
    """What a database has to have before anything is asked of it."""
    return Gate(Journal(settings.journal), Gap(Publication(settings.published)))


def _duties(desks: Desks) -> Duties:
    """What a worker does, by the same desks that serve."""
    publication = Publication(desks.settings.published)
    return Duties(
        database=desks.database,
        keyring=desks.keys.database,
        policy=desks.policy,
        consequences=desks.consequences,
        sequencer=Sequencer(
            database=desks.database, signer=desks.signer, issuer=desks.settings.issuer, publication=publication
        ),
        learner=desks.learner,
        post=desks.post,
        delivery=desks.delivery,
        erasures=desks.erasures,
        retention=desks.retention,
    )


async def _work(settings: Settings, url: str) -> None:
    policy = ActivePolicy(load(settings.policies_dir))
    address = await keyring_url(settings, url)
    gate = _gate(settings)
    database, keyring_database = Database(url, size=4, require=gate.require), Database(address, size=2)
    try:
        keyring = await _keyring(settings, database)
        keys = SubjectKeys(keyring_database, keyring)
        desks = Desks(settings, keyring, policy, database, await datamap.read(database), keys, gate.gap)
        await require_eraser(desks.erasing)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what serves reads the folder again, and this process follows
        async with _stop() as stop, keeping_up(database, policy), watching(database, gate):
            async with asyncio.TaskGroup() as group:
                working = group.create_task(work_on(_duties(desks)))
                await stop.wait()
                working.cancel()
            await desks.close()
    finally:
        await database.close()
        await keyring_database.close()


@asynccontextmanager
async def _stop() -> AsyncGenerator[asyncio.Event]:
    """An event that is set when this process is asked to end."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    try:
        yield asked
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _require_free(settings: Settings) -> None:
    """End with a sentence where another program listens, before anything is started."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (socket.gaierror, UnicodeError) as error:
            reason = (
                f"PLACET_HOST: {settings.host} is neither an address nor a known name; 0.0.0.0 stands for every one"
            )
            raise Stop(reason, USAGE) from error
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            reason = f"{where} cannot be listened on ({error.strerror}); choose another PLACET_PORT or PLACET_HOST"
            raise Stop(reason, UNREACHABLE) from error


def _require_folder(data_dir: Path) -> None:
    """End with a sentence where development cannot keep what it makes."""
    try:
        with suppress(FileExistsError):
            data_dir.mkdir(parents=True)
        with TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        reason = f"PLACET_DATA_DIR: {data_dir} is no folder that can be written to ({error.strerror}); name another"
        raise Stop(reason, USAGE) from error


def _tell(settings: Settings, digest: str, where: Path | None) -> None:
    event("service.started", address=settings.issuer, bundle=digest, level=logging.INFO)
    click.echo(f"Placet serves at {settings.issuer}")
    click.echo(f"  reference    {settings.issuer}/docs")
    click.echo(f"  bundle       {digest}")
    if where is not None:
        click.echo(f"  credentials  {where}")
        click.echo("Try `make demo` in another terminal. Ctrl-C stops everything.")
