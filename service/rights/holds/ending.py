"""The end of holds: what was held of the erased goes by itself when its time is over (rule R10)."""

from datetime import datetime
from uuid import UUID

from service.kernel.database import Connection, Database, RunAgain
from service.kernel.datamap import Person
from service.policy.commands import ActivePolicy
from service.rights import store as requests
from service.rights.erasure import store as erasures
from service.rights.erasure.erasing import Eraser
from service.rights.erasure.steps import erased_more
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
            unfinished = await erasures.unfinished(connection, subject_id)
            if unfinished:
                await requests.locked(connection, unfinished)
            await subjects_store.lock(connection, [subject_id])
            still = await erasures.unfinished(connection, subject_id)
            if still not in (None, unfinished):  # the erasure was done meanwhile
                raise RunAgain
            over = [one for one in await store.take_ended(connection, subject_id, now) if one.goes]
            if over:
                facts = {"request_id": str(over[0].request_id), "bundle": self._policy.current.digest}
                only, person = {one.data for one in over}, Person(subject_id, [])
                entry_id, rows = await self._eraser.delete(connection, person, facts, now, only=only)
                if still:
                    await erased_more(connection, still, entry_id, rows, now)

        await self._erasing.run("rights.end_hold", work)
