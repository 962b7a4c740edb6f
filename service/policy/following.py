"""A running process learns from the database which bundle is in force, or by a signal that there is another."""

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from service.kernel.database import Database
from service.kernel.log import event
from service.kernel.problem import Unavailable
from service.policy import store
from service.policy.commands import ActivePolicy, BundleDesk
from service.policy.load import reopened
from service.policy.model import Bundle, BundleRefused

PAUSE_SECONDS = 1.0


@asynccontextmanager
async def keeping_up(database: Database, policy: ActivePolicy) -> AsyncGenerator[None]:
    """Keep the bundle in force here that is in force until the end; one that is not understood is told and left."""
    task = asyncio.create_task(_keep_up(database, policy))
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def reloading(desk: BundleDesk) -> AsyncGenerator[None]:
    """Read the folder of policies again at every SIGHUP until the end; several at once are one."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    task = asyncio.create_task(_reload(desk, asked))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        task.cancel()


async def _reload(desk: BundleDesk, asked: asyncio.Event) -> None:
    while await asked.wait():
        asked.clear()
        await desk.reload()


async def _keep_up(database: Database, policy: ActivePolicy) -> None:
    left = ""
    while True:
        try:
            latest = await store.latest(database)
            if latest and latest.activated_at != policy.since and latest.digest != left:
                left = latest.digest
                policy.take(await _bundle(database, policy, latest.digest), latest.activated_at)
                left = ""
        except BundleRefused as refused:
            event("policy.behind", level=logging.ERROR, bundle=left, faults=str(refused).splitlines())
        except Unavailable:
            left = ""  # everything else says so too
        await asyncio.sleep(PAUSE_SECONDS)


async def _bundle(database: Database, policy: ActivePolicy, digest: str) -> Bundle:
    if digest == policy.current.digest:
        return policy.current
    return await asyncio.to_thread(reopened, await store.content(database, digest))
