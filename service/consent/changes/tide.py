"""Waits for the tree to grow: one look a moment for all who wait in this process, and none while nobody does."""

import asyncio
from contextlib import suppress

from service.consent.changes import store
from service.kernel.database import Database
from service.kernel.problem import Unavailable

PAUSE_SECONDS = 0.5
MOST = 1000
"""Who comes when so many wait is answered at once."""


class Tide:
    """How far the tree has grown, as far as anybody wants to know."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._size = 0
        self._waiting = 0
        self._turned = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    async def beyond(self, size: int, seconds: float) -> bool:
        """Wait until the tree has more than `size` leaves; False where it has not after so many seconds."""
        if self._closed or self._waiting >= MOST:
            return False
        self._waiting += 1
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            async with asyncio.timeout(seconds):
                while self._size <= size and not self._closed:
                    await self._turned.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return not self._closed

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closed = True
        self._turned.set()

    async def _look(self) -> None:
        while self._waiting and not self._closed:
            with suppress(Unavailable):  # whoever reads next says so
                size = await store.size(self._database)
                if size != self._size:
                    self._size = size
                    self._turned.set()
                    self._turned = asyncio.Event()
            await asyncio.sleep(PAUSE_SECONDS)
