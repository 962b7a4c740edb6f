"""People of whom nothing was heard for as long as the bundle says: purged as by an erasure (Art. 5(1)(e)).

Whoever said no stays: an objection that is forgotten would let begin anew what they objected to (Art. 21(3)).
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from service.consent.linking.writing import release
from service.decisioning.learning import arms
from service.kernel.crypto import Sealer, to_text
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap, Person
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.policy.model import Bundle, LegalBasis
from service.rights import store as rights_store
from service.rights.proof.commands import seal
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

    def __init__(self, *, database: Database, erasing: Database, datamap: DataMap, claims: Sealer) -> None:
        self._claims = claims
        self._database = database
        self._erasing = erasing
        self._datamap = datamap

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
        for subject_id in people:
            await self._purge_one(connection, subject_id, bundle)
        return len(people)

    async def _purge_one(self, connection: Connection, subject_id: UUID, bundle: Bundle) -> None:
        """Set the tombstone, then delete. The entry lists what it emptied: nothing else can be emptied unseen."""
        at = await store.clock(connection)
        person = Person(subject_id, await subjects_store.lookups_of(connection, subject_id))
        await release(connection, subject_id, at, bundle.digest)
        await seal(connection, self._claims, person, at, at + timedelta(days=bundle.retention.consent_proof))
        emptied = await rights_store.commitments(connection, subject_id)
        await subjects_store.entomb(connection, subject_id)
        await self._datamap.erase(connection, person)
        facts = {"emptied": [to_text(commitment) for commitment in emptied], "bundle": bundle.digest}
        await ledger.append(connection, [ledger_rules.entry(PURGE, subject_id, new_id(), at, at, facts)])


async def _looked_long_ago(connection: Connection) -> bool:
    last = await store.mark(connection, EVERYBODY)
    return last is None or await store.clock(connection) >= last + BETWEEN_LOOKS


async def _looked(connection: Connection) -> None:
    await store.set_mark(connection, EVERYBODY, await store.clock(connection))
