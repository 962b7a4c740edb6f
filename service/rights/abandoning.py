"""Requests that nobody verifies are let go, so that whoever files for others leaves nothing behind (Art. 5(1)(e))."""

from datetime import timedelta
from functools import partial

from service.kernel.database import Connection, Database
from service.policy.commands import ActivePolicy
from service.rights import moving, store
from service.rights.model import State
from service.rights.rules import found

AFTER = timedelta(days=30)
AT_ONCE = 100


async def abandon(database: Database, policy: ActivePolicy) -> int:
    """Let go every request that nobody has verified for 30 days, some at a time; returns how many."""
    done = 0
    while some := await database.run("rights.abandon", partial(_abandon, bundle=policy.current.digest)):
        done += some
    return done


async def _abandon(connection: Connection, *, bundle: str) -> int:
    forsaken = await store.forsaken(connection, AFTER, AT_ONCE)
    for request_id in forsaken:
        request = found(await store.request(connection, request_id))
        await moving.drop(connection, request, State.ABANDONED, bundle, at=None)
    return len(forsaken)
