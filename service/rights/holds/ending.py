"""The end of holds: what was held of the erased goes by itself when its time is over (rule R10)."""

from datetime import datetime
from uuid import UUID

from service.kernel.database import Connection, Database
from service.kernel.datamap import Person
from service.policy.commands import ActivePolicy
from service.rights.erasure.erasing import Eraser
from service.rights.holds import store
from service.subjects import store as subjects_store

AT_ONCE = 100


class EndOfHolds:
    """Lets go what is held no longer. The keys of the erased go with the last of it (`shred_due`)."""

    def __init__(self, *, erasing: Database, policy: ActivePolicy, eraser: Eraser) -> None:
        self._erasing = erasing
        self._policy = policy
        self._eraser = eraser

    async def end(self, now: datetime) -> int:
        """Delete what is held no longer of the erased, and forget the holds of others; returns of how many people."""
        done = 0
        while subjects := await store.ended(self._erasing, now, AT_ONCE):
            for subject_id in subjects:
                await self._end(subject_id, now)
            done += len(subjects)
        return done

    async def _end(self, subject_id: UUID, now: datetime) -> None:
        async def work(connection: Connection) -> None:
            await subjects_store.lock(connection, [subject_id])
            over = [one for one in await store.take_ended(connection, subject_id, now) if one.goes]
            if over:
                facts = {"request_id": str(over[0].request_id), "bundle": self._policy.current.digest}
                only = {one.data for one in over}
                await self._eraser.delete(connection, Person(subject_id, []), facts, now, only=only)

        await self._erasing.run("rights.end_hold", work)
