"""Connections to one PostgreSQL server that are lent for as long as something is asked, the last one returned first.

They are opened when they are needed and replaced when they break. Nothing is reset in between, which would be a round
trip for nothing: locks and settings end with their transaction here. (asyncpg's own pool lends through a proxy and
takes back in a task: 60 µs for each.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import msgspec

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

T = TypeVar("T")

Require = Callable[[Connection], Awaitable[None]]
"""What must hold of a server before a connection to it is lent; raises where it does not."""

CONNECT_SECONDS = 3.0
"""How long a connection that is free, or a new one, is waited for."""
CLOSE_SECONDS = 30.0


class Pool:
    """Up to `size` connections, each lent to one borrower at a time; whoever finds none waits in line."""

    def __init__(
        self, url: str, size: int, *, settings: Mapping[str, str], answer_seconds: float, require: Require | None = None
    ) -> None:
        self._url = url
        self._require = require
        self._size = size
        self._settings = dict(settings)
        self._answer_seconds = answer_seconds
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._outdated: set[Connection] = set()

    async def lend(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """What is answered on a connection that nobody else has; raises `TimeoutError` when none becomes free."""
        await self._wait_in_line()
        try:
            connection = self._ready() or await self._opened()
            self._lent.add(connection)
            try:
                return await ask(connection)
            finally:
                self._lent.discard(connection)
                self._take_back(connection)
        finally:
            self._free.release()

    async def _wait_in_line(self) -> None:
        if self._free.locked():
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._free.acquire()
        else:
            await self._free.acquire()

    def _ready(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def _take_back(self, connection: Connection) -> None:
        """Keep a connection for the next one who asks; of a cancelled statement it waits for the end by itself."""
        if connection.is_closed():
            self._outdated.discard(connection)
        elif connection in self._outdated or connection.is_in_transaction():
            self._outdated.discard(connection)
            connection.terminate()
        else:
            self._idle.append(connection)

    async def _opened(self) -> Connection:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=self._answer_seconds,
            server_settings=self._settings,
        )
        with ExitStack() as unless_prepared:
            unless_prepared.callback(connection.terminate)
            for name in ("json", "jsonb"):
                await connection.set_type_codec(
                    name, schema="pg_catalog", encoder=_to_json, decoder=msgspec.json.decode, format="text"
                )
            if self._require is not None:
                await self._require(connection)
            unless_prepared.pop_all()
        return connection

    def expire(self) -> None:
        """Lend no connection again that is open now: the address may lead to another server."""
        while self._idle:
            self._idle.pop().terminate()
        self._outdated |= self._lent

    async def close(self) -> None:
        """Close every connection, after whatever still runs on it; one that hangs is cut off."""
        waited = 0
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while waited < self._size:
                    await self._free.acquire()
                    waited += 1
                while self._idle:
                    await self._idle.pop().close()
        except TimeoutError:
            for connection in [*self._idle, *self._lent]:
                connection.terminate()
            self._idle.clear()
        finally:
            for _ in range(waited):
                self._free.release()


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
