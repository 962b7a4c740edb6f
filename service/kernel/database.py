"""The one way to PostgreSQL: reads outside a transaction, writes in named transactions that run again when they must.

Two pools, so that writers who wait for locks never keep a read waiting. Both mend themselves: while the database is
gone every call raises `Unavailable`, and the first one after its return succeeds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import asyncpg
from asyncpg import exceptions

from service.kernel.pool import Connection, Pool, Require
from service.kernel.problem import Unavailable

if TYPE_CHECKING:
    Row = asyncpg.Record
    """One row, read by the names of its columns."""
else:
    Row = Any

T = TypeVar("T")

ATTEMPTS = 12
"""How often a transaction is tried before its caller is told to come back."""
LONGEST_PAUSE_SECONDS = 0.2
READ_SECONDS = 5.0
"""A read is small: a database that takes longer is as good as gone, and others wait for the same answer."""
WORK_SECONDS = 30.0

SESSION = {
    "application_name": "placet",
    "search_path": "public",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "statement_timeout": "30s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "30s",
}
READ_ONLY = {"default_transaction_read_only": "on"}
BEGIN = "BEGIN"
AT_ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

DIED = (exceptions.PostgresConnectionError, exceptions.OperatorInterventionError, exceptions.InterfaceError)
AGAIN = (exceptions.SerializationError, exceptions.DeadlockDetectedError)
GONE = (
    OSError,
    TimeoutError,
    exceptions.PostgresConnectionError,
    exceptions.OperatorInterventionError,
    exceptions.InsufficientResourcesError,
    exceptions.LockNotAvailableError,
    exceptions.ObjectNotInPrerequisiteStateError,
    exceptions.IdleInTransactionSessionTimeoutError,
    exceptions.InvalidCatalogNameError,
    exceptions.InvalidAuthorizationSpecificationError,
    exceptions.InterfaceError,
)
"""What a database that cannot be reached, is too busy to answer, or is asked as of the past looks like from here."""
STANDBY = exceptions.ReadOnlySQLTransactionError
"""What a write meets on a server that another one has taken over from, or not yet handed over to."""


HURRY = "SET LOCAL lock_timeout = '200ms'"
"""For who has waited already."""


class Held(Unavailable):
    """Somebody else's change of the same takes too long."""

    slug = "held"
    status = 503


class RunAgain(Exception):
    """What this transaction was based on has changed: run the whole of it again."""


class Reader(Protocol):
    """Whatever can be read from: a `Database`, or a `Connection` inside a transaction."""

    async def fetch(self, query: str, *args: Any) -> "list[Row]":
        """Every row."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> "Row | None":
        """The first row, or None."""
        ...


class Database:
    """One PostgreSQL database, of which `size` connections read and as many write; `require` is asked of each first."""

    def __init__(self, url: str, *, size: int = 10, require: Require | None = None) -> None:
        self._singles = asyncio.Semaphore(max(1, size // 2))
        self._reads = Pool(url, size, settings=SESSION | READ_ONLY, answer_seconds=READ_SECONDS, require=require)
        self._writes = Pool(url, size, settings=SESSION, answer_seconds=WORK_SECONDS, require=require)

    async def fetch(self, query: str, *args: Any) -> "list[Row]":
        """Every row of a read outside a transaction; raises `Unavailable`."""
        return await self._read(lambda connection: connection.fetch(query, *args))

    async def fetchrow(self, query: str, *args: Any) -> "Row | None":
        """The first row, or None; raises `Unavailable`."""
        return await self._read(lambda connection: connection.fetchrow(query, *args))

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row, or None; raises `Unavailable`."""
        return await self._read(lambda connection: connection.fetchval(query, *args))

    async def run(self, name: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in one READ COMMITTED transaction, again after a conflict; raises `Unavailable`, of a lock `Held`.

        After a connection that was lost during the commit nobody knows whether it happened; that is `Unavailable` too.
        Such single writes leave half of the connections to batches, which many wait for.
        """
        async with self._singles:
            return await self.run_batch(name, work)

    async def run_batch(self, name: str, work: Callable[[Connection], Awaitable[T]], *, patient: bool = True) -> T:
        """The same for a batch, which may be told not to wait for locks."""

        async def hurried(connection: Connection) -> T:
            await connection.execute(HURRY)
            return await work(connection)

        chosen = work if patient else hurried
        return await self._run(name, lambda connection: _transact(connection, BEGIN, chosen))

    async def run_one(self, name: str, query: str, *args: Any) -> "list[Row]":
        """Every row of one statement that writes, which is a transaction by itself: one round trip and not three."""
        return await self._run(name, lambda connection: connection.fetch(query, *args))

    async def _run(self, name: str, ask: Callable[[Connection], Awaitable[T]]) -> T:
        for attempt in range(ATTEMPTS):
            try:
                return await self._writes.lend(ask)
            except (*AGAIN, RunAgain):
                await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS) * attempt / ATTEMPTS)  # noqa: S311 - no secret
            except exceptions.LockNotAvailableError as error:
                raise Held("What this would change is being changed; ask again.") from error
            except STANDBY as error:
                self._writes.expire()  # the address may lead to another server by now
                raise _unavailable(name) from error
            except GONE as error:
                raise _unavailable(name) from error
        raise _unavailable(name)

    async def at_one_moment(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work`, which only reads, in one REPEATABLE READ transaction: it locks nothing; raises `Unavailable`."""
        return await self._read(lambda connection: _transact(connection, AT_ONE_MOMENT, work))

    async def _read(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask on a connection; one that had died meanwhile is replaced and asked once more."""
        try:
            try:
                return await self._reads.lend(ask)
            except DIED:
                return await self._reads.lend(ask)
        except GONE as error:
            raise _unavailable("read") from error

    def expire(self) -> None:
        """Ask nothing more on the connections that are open now."""
        self._reads.expire()
        self._writes.expire()

    async def close(self) -> None:
        """Close every connection, after whatever still runs on it."""
        await self._reads.close()
        await self._writes.close()


async def _transact(connection: Connection, begin: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run `work` in one transaction; what ends before its commit, for whatever reason, leaves nothing."""
    try:
        await connection.execute(begin)
        answer = await work(connection)
        await connection.execute("COMMIT")
    except BaseException:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    return answer


def _unavailable(name: str) -> Unavailable:
    return Unavailable(f"The database could not be reached or was too busy ({name}); ask again.")
