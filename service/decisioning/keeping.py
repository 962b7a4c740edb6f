"""Keeps profiled decisions before they are answered: many in one transaction, and no more than the caps allow."""

from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from service.decisioning import caps, rules, store
from service.decisioning.caps import Counter, Key
from service.decisioning.model import Kept, Page
from service.kernel.apart import apart
from service.kernel.batching import Batches
from service.kernel.database import Connection, Database
from service.subjects.store import lock

LANES = 4
"""Batches at once: a person whose lock is held keeps only those of their own batch waiting."""


class Keeper:
    """Stores pages of decisions in batches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: Batches[Page, Kept] = Batches(apart(self._store, _whose), lanes=LANES)

    async def close(self) -> None:
        """Store everything that waits, and take nothing new."""
        await self._pages.close()

    async def keep(self, page: Page, *, first: bool) -> Kept:
        """Store a page if what was read for it still holds and no cap that it counts in is full.

        One that has been in line already is the `first` of the next batch.
        """
        return await self._pages.answer(page, first=first)

    async def _store(self, batch: Sequence[Page], patient: bool) -> list[Kept | BaseException]:
        """Keep pages in one transaction.

        A decision happens when the database says so, after the lock: then no change of consent that was recorded before
        it is overlooked, and the entries that prove it were there and had not expired (D4). The counters of its caps
        are taken after that, in one order by everyone, until the commit (D5).
        """

        async def work(connection: Connection) -> list[Kept | BaseException]:
            subjects = {page.subject_id for page in batch}
            await lock(connection, subjects, shared=True)
            revisions, clock = await store.revisions(connection, subjects)
            dated = [replace(page, decided_at=page.decided_at or clock) for page in batch]
            hold = [rules.still_holds(page, revisions.get(page.subject_id)) for page in dated]
            holding = [page for page, holds in zip(dated, hold, strict=True) if holds]
            wanted = {hit.key: hit.purposes for page in holding for hit in caps.hits(page)}
            taken: dict[Key, Counter] = await store.take(connection, wanted, clock) if wanted else {}
            full, counted = caps.allot(holding, taken, clock)
            kept = [page for page, stopped in zip(holding, full, strict=True) if not stopped]
            await store.store(connection, kept, counted)
            stopped_by = iter(full)
            return [
                Kept(page.decided_at, next(stopped_by)) if holds else Kept(None)
                for page, holds in zip(dated, hold, strict=True)
            ]

        return await self._database.run_batch("decisioning.decide", work, patient=patient)


def _whose(page: Page) -> UUID:
    return page.subject_id
