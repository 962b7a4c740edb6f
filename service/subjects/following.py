"""A running process learns from the database how far the rotation of each key is, and reads the key file again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from service.kernel.database import Database
from service.kernel.log import event
from service.kernel.problem import Unavailable
from service.subjects import store
from service.subjects.keyring import Keyring
from service.subjects.private import KeyFileRefused

PAUSE_SECONDS = 1.0


@asynccontextmanager
async def following(database: Database, keyring: Keyring) -> AsyncGenerator[None]:
    """Keep up until the end. Whoever falls behind all the same is refused by the database, and loses nothing."""
    task = asyncio.create_task(_follow(database, keyring))
    try:
        yield
    finally:
        task.cancel()


async def _follow(database: Database, keyring: Keyring) -> None:
    while True:
        try:
            keyring.follow(await store.stages(database))
        except KeyFileRefused as error:
            event("keys.behind", reason=str(error))
        except Unavailable:
            pass  # everything else says so too
        await asyncio.sleep(PAUSE_SECONDS)
