"""The keyring's database for commands: where it is, that it is migrated, and that it belongs to the other one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from service.cli.ending import UNREACHABLE, USAGE, Stop, reaching
from service.kernel import datamap
from service.kernel.database import Database
from service.kernel.migrate import create_beside, migrate, pending
from service.settings import Settings
from service.subjects.keyring import Keyring
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.model import FOLDER, Unprovided
from service.subjects.keys.providing import provide
from service.subjects.keys.recognition import recognise

SETTING = "PLACET_KEYRING_URL"
BESIDE = "_keyring"


async def keyring_url(settings: Settings, database_url: str) -> str:
    """The configured keyring; in development one beside the database, made where it is missing."""
    if settings.keyring_url is not None:
        return settings.keyring_url.reveal
    if settings.development:
        return await create_beside(database_url, BESIDE)
    raise Stop(
        f"{SETTING} is not set: the keys of people are kept in a PostgreSQL database of their own, which is backed up "
        "apart from the other. Create it, name it, and run `placet migrate`.",
        USAGE,
    )


async def migrate_keyring(url: str) -> list[str]:
    """Bring the keyring's database to the schema of this version; returns what was applied."""
    with reaching(SETTING):
        return [f"keyring/{name}" for name in await migrate(url, FOLDER)]


async def require_migrated(url: str) -> None:
    """End the command where the keyring's database is not of this version."""
    with reaching(SETTING):
        if missing := await pending(url, FOLDER):
            raise Stop(f"the keyring's database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)


@asynccontextmanager
async def subject_keys(
    url: str, settings: Settings, database: Database, keyring: Keyring
) -> AsyncGenerator[SubjectKeys]:
    """The keys of people, once nobody of the main database lacks their keys; raises `KeyringRefused`."""
    async with opened(url, settings, keyring) as keys:
        with reaching(SETTING):
            await _recognised(settings, database, keys)
        yield keys


@asynccontextmanager
async def opened(url: str, settings: Settings, keyring: Keyring) -> AsyncGenerator[SubjectKeys]:
    """The keys of people, whoever's they are."""
    vault = Database(url, size=settings.pool_size)
    try:
        yield SubjectKeys(vault, keyring)
    finally:
        await vault.close()


async def _recognised(settings: Settings, database: Database, keys: SubjectKeys) -> None:
    """Check the keyring; development gives keys to people who were recorded before there were any."""
    try:
        await recognise(database, keys)
    except Unprovided:
        if not settings.development:
            raise
        await provide(database, keys, await datamap.read(database), lambda _done, _total: None)
        await recognise(database, keys)
