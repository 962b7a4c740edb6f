"""A line to PostgreSQL that can be cut and mended: what a network does to a database."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

PIECE_BYTES = 64 * 1024


class Line:
    """A TCP relay in front of a server; `url` leads through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._url = url
        self._port = 0
        self._relay: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def url(self) -> str:
        """The address of the server, through this line."""
        host, port = self._server
        return self._url.replace(f"{host}:{port}", f"127.0.0.1:{self._port}", 1)

    async def mend(self) -> None:
        """Let connections through, at the same address as before."""
        self._relay = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._relay.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End every connection and refuse new ones."""
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def hold(self) -> None:
        """Carry nothing, and say nothing of it: connections stay, and new ones are taken."""
        self._flows.clear()

    def release(self) -> None:
        """Carry what has gathered, and everything from now on."""
        self._flows.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._server)
            try:
                await _both(self._pipe(reader, far_writer), self._pipe(far_reader, writer))
            finally:
                far_writer.transport.abort()
        except (asyncio.CancelledError, OSError):  # the line was cut, or the far end is gone
            pass
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()


async def _both(*pipes: Coroutine[Any, Any, None]) -> None:
    """Carry until either end hangs up."""
    tasks = [asyncio.ensure_future(pipe) for pipe in pipes]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def line(url: str) -> AsyncIterator[Line]:
    """A mended line to the server behind `url`."""
    made = Line(url)
    await made.mend()
    try:
        yield made
    finally:
        await made.cut()
