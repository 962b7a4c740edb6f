"""The worker: what has to be done without being asked. It may run in any number of processes."""

import asyncio
from datetime import timedelta

from service.kernel import idempotency
from service.kernel.database import Connection, Database
from service.kernel.log import event
from service.kernel.problem import Unavailable

PAUSE = timedelta(seconds=30)
BATCH = 1000


async def work(database: Database) -> None:
    """Work until cancelled; a database that is gone is waited for."""
    while True:
        try:
            await forget_answers(database)
        except Unavailable:
            event("work.unavailable")
        await asyncio.sleep(PAUSE.total_seconds())


async def forget_answers(database: Database) -> int:
    """Delete the answers of idempotent writes that are older than 24 hours, batch by batch; returns how many."""
    forgotten = 0
    while True:
        done = await database.run("work.forget_answers", _forget_batch)
        forgotten += done
        if done < BATCH:
            return forgotten


async def _forget_batch(connection: Connection) -> int:
    return await idempotency.forget(connection, BATCH)
