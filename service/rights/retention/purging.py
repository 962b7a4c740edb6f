"""People of whom nothing was heard for as long as the bundle says: purged as by an erasure (Art. 5(1)(e)).

Whoever said no stays: an objection that is forgotten would let begin anew what they objected to (Art. 21(3)).
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from service.decisioning.learning import arms
from service.kernel.database import Connection, Database
from service.kernel.datamap import Person
from service.policy.model import Bundle, LegalBasis
from service.rights.erasure.erasing import Eraser
from service.rights.retention import store
from service.rights.retention.model import Deleted, Why, Window
from service.subjects import store as subjects_store

PURGE = "purge"
SUBJECTS = "subjects"
EVERYBODY = Window(SUBJECTS, "", 0, "")
BETWEEN_LOOKS = timedelta(days=1)
"""All people are looked at for each look, which is not done every hour."""
AT_ONCE = 1000
"""People who are looked at in one statement."""
PURGED = 20
"""People who are purged in one transaction."""
BEFORE_ALL = UUID(int=0)


class Purging:
    """Purges the inactive, on connections that may empty entries of the ledger."""

    def __init__(self, *, database: Database, erasing: Database, eraser: Eraser) -> None:
        self._database = database
        self._erasing = erasing
        self._eraser = eraser

    async def inactive(self, connection: Connection, people: Collection[UUID], bundle: Bundle) -> list[UUID]:
        """Those of these people who are to be purged."""
        purposes = [p.id for p in bundle.purposes.values() if p.legal_basis is not LegalBasis.CONSENT]
        return await store.inactive(connection, people, bundle.retention.inactive_subjects, purposes)

    async def run(self, bundle: Bundle, *, gently: bool) -> AsyncGenerator[Deleted]:
        """Purge everybody who is inactive; `gently`, at most once a day, and resting as long as it works."""
        if gently and not await self._database.at_one_moment(_looked_long_ago):
            return
        after = BEFORE_ALL
        while people := await subjects_store.next_active(self._database, after, AT_ONCE):
            found = await self._database.at_one_moment(partial(self.inactive, people=people, bundle=bundle))
            for first in range(0, len(found), PURGED):
                began = monotonic()
                purge = partial(self._purge, found=found[first : first + PURGED], bundle=bundle)
                yield {(SUBJECTS, Why.INACTIVE): await self._erasing.run("retention.purge", purge)}
                await asyncio.sleep(monotonic() - began if gently else 0)
            after = people[-1]
        await self._database.run("retention.looked", _looked)

    async def _purge(self, connection: Connection, found: Iterable[UUID], bundle: Bundle) -> int:
        """Purge those of the found who are still inactive once their locks are held; returns how many."""
        await store.require_alone(connection)
        await subjects_store.lock(connection, found)
        people = await self.inactive(connection, list(found), bundle)
        await arms.subtract(connection, people)
        at = await store.clock(connection)
        persons = [Person(one, await subjects_store.lookups_of(connection, one)) for one in people]
        await self._eraser.entomb(connection, persons, {"bundle": bundle.digest}, at, PURGE)
        return len(people)


async def _looked_long_ago(connection: Connection) -> bool:
    last = await store.mark(connection, EVERYBODY)
    return last is None or await store.clock(connection) >= last + BETWEEN_LOOKS


async def _looked(connection: Connection) -> None:
    await store.set_mark(connection, EVERYBODY, await store.clock(connection))
