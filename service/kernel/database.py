"""The one way to PostgreSQL: reads outside a transaction, writes in named transactions that run again when they must.

Two pools, so that writers who wait for locks never keep a read waiting. Both are opened on first use and mend
themselves: while the database is gone every call raises `Unavailable`, and the first one after its return succeeds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import asyncpg
import msgspec
from asyncpg import exceptions

from service.kernel.problem import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    type_of_pool = asyncpg.Pool[asyncpg.Record]
    Row = asyncpg.Record
    """One row, read by the names of its columns."""
    Connection = PoolConnectionProxy[asyncpg.Record]
    """A connection inside a transaction."""
else:
    Connection = Row = Any

T = TypeVar("T")

ATTEMPTS = 12
"""How often a transaction is tried before its caller is told to come back."""
LONGEST_PAUSE_SECONDS = 0.2
CONNECT_SECONDS = 3.0
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
    """One PostgreSQL database, of which `size` connections read and as many write."""

    def __init__(self, url: str, *, size: int = 10) -> None:
        self._singles = asyncio.Semaphore(max(1, size // 2))
        self._reads = _Pool(url, size, read_only=True)
        self._writes = _Pool(url, size, read_only=False)

    async def fetch(self, query: str, *args: Any) -> "list[Row]":
        """Every row of a read outside a transaction; raises `Unavailable`."""
        return await self._reads.read(lambda connection: connection.fetch(query, *args))

    async def fetchrow(self, query: str, *args: Any) -> "Row | None":
        """The first row, or None; raises `Unavailable`."""
        return await self._reads.read(lambda connection: connection.fetchrow(query, *args))

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row, or None; raises `Unavailable`."""
        return await self._reads.read(lambda connection: connection.fetchval(query, *args))

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

        for attempt in range(ATTEMPTS):
            try:
                return await self._writes.transact(work if patient else hurried)
            except (*AGAIN, RunAgain):
                await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS) * attempt / ATTEMPTS)  # noqa: S311 - no secret
            except exceptions.LockNotAvailableError as error:
                raise Held("What this would change is being changed; ask again.") from error
            except (*GONE, STANDBY) as error:
                raise _unavailable(name) from error
        raise _unavailable(name)

    async def at_one_moment(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work`, which only reads, in one REPEATABLE READ transaction: it locks nothing; raises `Unavailable`."""

        async def transact(connection: Connection) -> T:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await work(connection)

        return await self._reads.read(transact)

    async def close(self) -> None:
        """Close every connection, after whatever still runs on it."""
        await self._reads.close()
        await self._writes.close()


class _Pool:
    """Connections opened on first use and replaced when they break."""

    def __init__(self, url: str, size: int, *, read_only: bool) -> None:
        self._url = url
        self._size = size
        self._read_only = read_only
        self._settings = SESSION | ({"default_transaction_read_only": "on"} if read_only else {})
        self._pool: type_of_pool | None = None
        self._opening = asyncio.Lock()

    async def read(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask on a connection; one that had died meanwhile is replaced and asked once more."""
        try:
            try:
                return await self._ask(ask)
            except (
                exceptions.PostgresConnectionError,
                exceptions.OperatorInterventionError,
                exceptions.InterfaceError,
            ):
                return await self._ask(ask)
        except GONE as error:
            raise _unavailable("read") from error

    async def _ask(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=CONNECT_SECONDS) as connection:
            return await ask(connection)

    async def transact(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in one transaction."""
        pool = self._pool or await self._open()
        try:
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(pool.acquire(timeout=CONNECT_SECONDS))
                await stack.enter_async_context(connection.transaction())
                return await work(connection)
        except STANDBY:
            await pool.expire_connections()  # the address may lead to another server by now
            raise

    async def _open(self) -> "type_of_pool":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=1,
                    max_size=self._size,
                    timeout=CONNECT_SECONDS,
                    command_timeout=READ_SECONDS if self._read_only else WORK_SECONDS,
                    server_settings=self._settings,
                    init=_prepare,
                    reset=_leave_as_it_is,
                )
            return self._pool

    async def close(self) -> None:
        """Close every connection, after whatever still runs on it; one that hangs is cut off."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), WORK_SECONDS)
        except TimeoutError:
            pool.terminate()


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_to_json, decoder=msgspec.json.decode, format="text"
        )


async def _leave_as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Locks and settings end with their transaction here, so that a reset would be a round trip for nothing."""


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _unavailable(name: str) -> Unavailable:
    return Unavailable(f"The database could not be reached or was too busy ({name}); ask again.")
