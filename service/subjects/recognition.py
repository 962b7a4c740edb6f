"""Whether a key file is that of the database: with another one nobody is found and nothing opens."""

from pathlib import Path

from service.kernel.crypto import SealBroken
from service.kernel.database import Connection, Database
from service.subjects import store
from service.subjects.keyring import Keyring, Stage
from service.subjects.private import KeyFileRefused

FIRST = Stage(1, 1, 1)
REMEDY = "restore the copy of the key file that was kept (docs/operating-keys.md), or name the database it belongs to"


async def require_new(database: Database, path: Path) -> None:
    """Check that a database was never used, so that a new key file may be made for it; raises `KeyFileRefused`."""
    if await store.fingerprints(database) or await store.sample(database):
        raise KeyFileRefused(f"{path} is missing, and with a new one nobody of this database would be found; {REMEDY}")


async def recognise(database: Database, keyring: Keyring, path: Path) -> None:
    """Check that the keys are those of the database, which remembers them from the first start on.

    A database older than its memory is asked whether the keys open what it holds. Raises `KeyFileRefused`.
    """

    async def work(connection: Connection) -> None:
        if not await store.fingerprints(connection) and not await _opens(connection, keyring):
            raise _foreign(path, ["seal"])
        await store.begin_stages(connection, keyring.stages)
        stages = await store.stages(connection)
        counting = [key for key in keyring.fingerprints if key.version >= stages.get(key.use, FIRST).oldest]
        await store.fingerprint(connection, counting)
        strange = await store.fingerprints(connection) - keyring.known
        known = {(key.use, key.version) for key in keyring.known}
        if foreign := sorted({key.use for key in strange if (key.use, key.version) in known}):
            raise _foreign(path, foreign)
        if strange:
            raise _outdated(path, sorted(f"{key.use} {key.version}" for key in strange))
        keyring.follow(stages)

    await database.run("subjects.recognise", work)


async def _opens(connection: Connection, keyring: Keyring) -> bool:
    """Whether the keys open somebody's identifier; true where there is nobody."""
    if (row := await store.sample(connection)) is None:
        return True
    try:
        keyring.seal.open(row["sealed"], b"lookups", b"sealed", row["subject_id"].bytes)
    except SealBroken:
        return False
    return True


def _foreign(path: Path, uses: list[str]) -> KeyFileRefused:
    return KeyFileRefused(
        f"{path} is not the key file of this database: its keys for {', '.join(uses)} are others, and with them "
        f"nobody would be found and nothing sealed would open; {REMEDY}"
    )


def _outdated(path: Path, keys: list[str]) -> KeyFileRefused:
    return KeyFileRefused(
        f"{path} lacks keys that this database was used with ({', '.join(keys)}): one of the two is a copy from before "
        f"a rotation; {REMEDY}"
    )
