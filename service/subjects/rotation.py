"""Rotating a key while the service runs: nobody is split, nobody is lost (I3). Every step may be killed and run again.

Between two stages whoever is one step behind has to be able to go on; `settled` waits until nobody is two behind.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from service.kernel.database import Connection, Database, Row, RunAgain
from service.subjects import store
from service.subjects.commands import Subjects
from service.subjects.keyring import Keyring, Stage, lookups_of_version

Tell = Callable[[int, int], None]
"""Is told how much is done, and of how much."""

AT_ONCE = 250
LOOK_SECONDS = 0.05


async def publish(database: Database, keyring: Keyring, use: str, stage: Stage) -> None:
    """Tell every process that a rotation has come further; the key file has what it takes."""
    keyring.renew()

    async def work(connection: Connection) -> None:
        newest = {key for key in keyring.known if (key.use, key.version) == (use, stage.newest)}
        await store.fingerprint(connection, newest)
        await store.forget_fingerprints(connection, use, stage.oldest)
        await store.publish(connection, use, stage)

    await database.run("subjects.publish", work)
    keyring.follow(await store.stages(database))


async def settled(database: Database, tell: Tell) -> None:
    """Wait for the end of every transaction that is going on, and so may have seen an earlier stage.

    What begins from now on sees the present one. (`CREATE INDEX CONCURRENTLY` waits in the same way.)
    """
    before = left = await store.transactions(database)
    while True:
        tell(len(before) - len(left), len(before))
        if not left:
            return
        await asyncio.sleep(LOOK_SECONDS)
        left &= await store.transactions(database)


async def reindex(database: Database, subjects: Subjects, stage: Stage, tell: Tell) -> None:
    """Give every identifier a row under the newest version of the key, beside the one that it has."""
    end = lookups_of_version(stage.newest)
    total, done, after = await store.count_before(database, end), 0, b""
    while found := await database.run(
        "subjects.reindex", partial(_reindex, subjects=subjects, version=stage.newest, after=after)
    ):
        done, after = done + len(found), found[-1]
        tell(done, max(total, done))


async def _reindex(connection: Connection, *, subjects: Subjects, version: int, after: bytes) -> Sequence[bytes]:
    """One batch, in the lock order: lookups, then their subjects, then a look whether all is as it was.

    An erasure or a link that was on its way had not seen the new rows.
    """
    rows = await store.lookups_between(connection, after, lookups_of_version(version), AT_ONCE)
    new = await renamed(subjects, rows, version)
    await store.copy_lookups(connection, new, version)
    await store.lock(connection, {row["subject_id"] for row in rows}, shared=True)
    if await store.agreeing(connection, new) != len(new):
        raise RunAgain
    return list(new)


async def renamed(subjects: Subjects, rows: Sequence[Row], version: int) -> dict[bytes, bytes]:
    """The lookup of each of these rows under another version of the key; raises `SealBroken`, `KeyringUnavailable`."""
    seals = await subjects.keys.seals({row["subject_id"] for row in rows})
    return {
        row["lookup"]: subjects.hash_under(
            version, row["kind"], seals.open("lookups", "sealed", row["subject_id"], row["sealed"])
        )
        for row in rows
    }


async def drop(database: Database, stage: Stage, tell: Tell) -> None:
    """Delete the rows of versions that nobody looks for any longer."""
    end = lookups_of_version(stage.oldest)
    total, done = await store.count_before(database, end), 0

    async def work(connection: Connection) -> int:
        return await store.drop_before(connection, end, AT_ONCE)

    while dropped := await database.run("subjects.drop", work):
        done += dropped
        tell(done, max(total, done))
