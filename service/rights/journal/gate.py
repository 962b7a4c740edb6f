"""The gate: nothing is served from a database that brings back somebody erased (rule R13).

A database that was restored from a backup lacks the erasures since. It is noticed when a process starts and whenever it
opens a connection, since a restore closes those that there were; and, of the newest erasures, about once a second.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from asyncpg.exceptions import PostgresError

from service.kernel.database import Connection, Database, Reader
from service.kernel.log import event
from service.kernel.problem import Unavailable
from service.ledger.gap.watch import Gap
from service.rights.journal import store
from service.rights.journal.file import Journal
from service.rights.journal.model import JournalRefused, Line

NEWEST = 100
PAUSE_SECONDS = 1.0


class ReplayNeeded(Unavailable):
    """Erasures have to be replayed first."""

    slug = "replay-needed"
    status = 503


class Gate:
    """Compares a database with the journal of erasures, and with the published checkpoint."""

    def __init__(self, journal: Journal, gap: Gap) -> None:
        self.gap = gap
        self._journal = journal
        self._read: tuple[object, Sequence[Line]] = (None, ())

    async def require(self, connection: Connection) -> None:
        """Let nothing pass that lacks an erasure; raises `ReplayNeeded`, of a journal that cannot be read too."""
        await self._require(connection, self._lines())
        await self.gap.look(connection)

    async def watch(self, database: Database) -> None:
        """Close every connection as soon as the newest erasures are missing behind it; the next one is refused."""
        while True:
            try:
                await self._require(database, self._lines()[-NEWEST:])
                await self.gap.look(database)
            except (ReplayNeeded, PostgresError) as error:
                event("rights.replay_needed", level=logging.ERROR, reason=type(error).__name__)
                database.expire()
            except Unavailable:
                pass  # everything else says so too
            await asyncio.sleep(PAUSE_SECONDS)

    async def _require(self, reader: Reader, lines: Sequence[Line]) -> None:
        if lines and (missing := await store.unknown(reader, lines)):
            raise ReplayNeeded(
                f"The database was restored from a backup that is older than {len({m.request_id for m in missing})} of "
                "the erasures in the journal: run `placet rights replay`."
            )

    def _lines(self) -> Sequence[Line]:
        """The lines of the journal, which is read again when it has changed."""
        try:
            told = self._journal.path.stat()
            version = (told.st_ino, told.st_size, told.st_mtime_ns)
            if version != self._read[0]:
                self._read = (version, self._journal.read().lines)
        except FileNotFoundError:
            return ()
        except (OSError, JournalRefused) as refused:
            raise ReplayNeeded(f"The journal of erasures cannot be read: {refused}") from refused
        return self._read[1]


@asynccontextmanager
async def watching(database: Database, gate: Gate) -> AsyncGenerator[None]:
    """Watch a database until the end."""
    task = asyncio.create_task(gate.watch(database))
    try:
        yield
    finally:
        task.cancel()
