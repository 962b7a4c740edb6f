"""Replaying the journal on a restored database: whoever was erased is erased again (rule R13)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from service.kernel.database import Connection, Database
from service.kernel.datamap import Person
from service.policy.commands import ActivePolicy
from service.rights import store as requests
from service.rights.erasure.erasing import Eraser, Found
from service.rights.journal import store
from service.rights.journal.model import Journaled, Line
from service.subjects import store as subjects_store
from service.subjects.keys.commands import shred_due
from service.subjects.suppressions import store as suppressions


class Replay:
    """Does again what a backup has undone, line by line; it may be stopped and run again at any point."""

    def __init__(self, database: Database, keyring: Database, eraser: Eraser, policy: ActivePolicy) -> None:
        self._database = database
        self._keyring = keyring
        self._eraser = eraser
        self._policy = policy

    async def run(self, journaled: Journaled, tell: Callable[[int, int], None]) -> int:
        """Erase again whoever the database brings back; returns how many erasures that were.

        Nobody gets a second certificate, and no recipient is told twice. Of a request only what the journal says can be
        known: that it was an erasure, and when it was done.
        """
        last = {line.request_id: line for line in journaled.lines}
        missing = await store.unknown(self._database, list(last.values()))
        for done, line in enumerate(missing, 1):
            await self._database.run("rights.replay", partial(self._again, line=line))
            tell(done, len(missing))
        await shred_due(self._database, self._keyring)
        return len(missing)

    async def _again(self, connection: Connection, line: Line) -> None:
        """One erasure, unless somebody else has replayed it meanwhile; only subjects of then, whoever came since."""
        await requests.locked(connection, line.request_id)
        await subjects_store.lock(connection, line.subjects)
        if not await store.unknown(connection, [line]):
            return
        persons = [
            Person(subject_id, await subjects_store.lookups_of(connection, subject_id))
            for subject_id in sorted(await subjects_store.active(connection, line.subjects))
        ]
        led = await subjects_store.resolve(connection, line.lookups)
        found = Found(await requests.clock(connection), persons, [one for one in line.lookups if one not in led])
        await self._eraser.erase(connection, line.request_id, found, line.bundle)
        expires_at = line.erased_at + timedelta(days=self._policy.current.retention.suppressions)
        await suppressions.suppress(connection, line.suppressed, line.erased_at, expires_at)
        await store.complete(connection, line)
