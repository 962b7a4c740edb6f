"""The verb of retention: delete what has been kept as long as was said (Art. 5(1)(e)), or say what that would be."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

from service.consent.consequences import MOST, Consequences
from service.decisioning.learning.arms import LEARNING
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap
from service.policy.commands import ActivePolicy, Archive
from service.rights.erasure.erasing import Eraser
from service.rights.proof import store as proofs
from service.rights.retention import store
from service.rights.retention.model import Counts, Deleted, Elsewhere, Gone, Tell, Why, Window, unheard
from service.rights.retention.purging import AT_ONCE, BEFORE_ALL, SUBJECTS, Purging
from service.subjects import store as subjects_store

ROWS = 500
"""Rows that are looked at, and requests that are deleted, in one transaction."""
WITHOUT_LIMIT = 2**62
WINDOW_DAYS = 62
"""A month, the longest window of a cap, and one more."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
COUNTERS, PROOFS = "cap_counters", "consent_proofs"

Batch = Callable[[Connection], Awaitable[tuple[Deleted, bool]]]
"""One transaction's worth of deletion, and whether there may be more to do."""


class Retention:
    """Deletes what is due, a batch at a time: one among any number of processes, going on where another one ended."""

    def __init__(
        self,
        *,
        database: Database,
        erasing: Database,
        policy: ActivePolicy,
        consequences: Consequences,
        datamap: DataMap,
        eraser: Eraser,
    ) -> None:
        self._database = database
        self._policy = policy
        self._archive = Archive(database)
        self._consequences = consequences
        self._purging = Purging(database=database, erasing=erasing, eraser=eraser)
        self._looking = store.looking(datamap)
        self._with_requests = store.with_requests(datamap)

    async def run(self, *, dry_run: bool = False, gently: bool = False, tell: Tell = unheard) -> Counts:
        """Delete everything that is due, or only count it in one snapshot; `gently`, it rests as long as it works.

        While another process deletes it is left to that one.
        """
        days = await self._archive.retention()
        if dry_run:
            return await self._database.at_one_moment(partial(self._due, days=days, tell=tell))
        gone, finished = Counter[tuple[str, Why]](), True
        try:
            async for went in self._work(days, gently=gently):
                gone.update(went)
                for (table, _), rows in went.items():
                    tell(table, rows)
        except Elsewhere:
            finished = False
        at = await self._database.fetchval(store.QUERIES["clock"])
        return Counts(dry_run=False, at=at, gone=_listed(gone), finished=finished)

    async def _work(self, days: Mapping[str, int], *, gently: bool) -> AsyncGenerator[Deleted]:
        """What each transaction deletes."""
        for batch in self._batches(days):
            more = True
            while more:
                began = monotonic()
                went, more = await self._database.run("retention.delete", partial(_alone, batch))
                yield went
                await asyncio.sleep(monotonic() - began if gently else 0)
        async for purged in self._purging.run(self._policy.current, gently=gently):
            yield purged

    def _batches(self, days: Mapping[str, int]) -> Iterator[Batch]:
        for window in self._windows(days):
            yield partial(self._delete_in, window, days)
        yield _delete_counters
        yield _delete_proofs
        yield self._delete_requests

    def _windows(self, days: Mapping[str, int]) -> Iterator[Window]:
        """Each purpose of each table; and what was learnt, which has a purpose of its own."""
        for table, query in self._looking.items():
            for purpose, kept in days.items():
                yield Window(table, purpose, kept, query)
        if LEARNING in days:
            yield Window("arms", LEARNING, days[LEARNING], store.QUERIES["learnt"])

    async def _delete_in(self, window: Window, days: Mapping[str, int], connection: Connection) -> tuple[Deleted, bool]:
        """Delete what no purpose keeps of the next people in a window, under their locks; what is held waits.

        A window is what has become due since the last look, so that no row is looked at twice.
        """
        began = await store.mark(connection, window) or EVER
        until = await store.clock(connection) - timedelta(days=window.days)
        look = await store.look(connection, window, began, until, ROWS)
        gone: Mapping[str, int] = {}
        if look.subjects:
            await subjects_store.lock(connection, look.subjects)
            gone = await self._consequences.delete_by_table(connection, look.subjects, days)
        if sum(gone.values()) >= MOST:
            return _because(Why.PURPOSES, gone), True
        if until > began:
            await store.set_mark(connection, window, look.last + MOMENT if look.last else until)
        return _because(Why.PURPOSES, gone), look.last is not None

    async def _delete_requests(self, connection: Connection) -> tuple[Deleted, bool]:
        days = self._policy.current.retention.closed_requests
        gone = await store.delete_requests(connection, self._with_requests, days, ROWS)
        return _because(Why.CLOSED, gone), bool(gone)

    async def _due(self, connection: Connection, days: Mapping[str, int], tell: Tell) -> Counts:
        """What would go if all were deleted now: everybody is looked at, a thousand at a time."""
        bundle = self._policy.current
        gone, after = Counter[tuple[str, Why]](), BEFORE_ALL
        while people := await subjects_store.next_active(connection, after, AT_ONCE):
            inactive = await self._purging.inactive(connection, people, bundle)
            staying = sorted(set(people).difference(inactive))
            gone.update(_because(Why.PURPOSES, await self._consequences.due(connection, staying, days)))
            gone.update({(SUBJECTS, Why.INACTIVE): len(inactive)})
            tell(SUBJECTS, len(people))
            after = people[-1]
        counters = await store.count_counters(connection, WINDOW_DAYS, WITHOUT_LIMIT)
        gone.update({(PROOFS, Why.CLAIMS): await store.count_proofs(connection)})
        closed = bundle.retention.closed_requests
        gone.update({(COUNTERS, Why.WINDOW): counters})
        gone.update(
            _because(Why.CLOSED, await store.count_requests(connection, self._with_requests, closed, WITHOUT_LIMIT))
        )
        return Counts(dry_run=True, at=await store.clock(connection), gone=_listed(gone))


async def _alone(batch: Batch, connection: Connection) -> tuple[Deleted, bool]:
    await store.require_alone(connection)
    return await batch(connection)


async def _delete_counters(connection: Connection) -> tuple[Deleted, bool]:
    rows = await store.delete_counters(connection, WINDOW_DAYS, ROWS)
    return _because(Why.WINDOW, {COUNTERS: rows}), rows >= ROWS


async def _delete_proofs(connection: Connection) -> tuple[Deleted, bool]:
    rows = await proofs.forget(connection, None, ROWS)
    return _because(Why.CLAIMS, {PROOFS: rows}), rows >= ROWS


def _because(why: Why, gone: Mapping[str, int]) -> Deleted:
    return {(table, why): rows for table, rows in gone.items() if rows}


def _listed(gone: Mapping[tuple[str, Why], int]) -> list[Gone]:
    return sorted(Gone(table, why.value, rows) for (table, why), rows in gone.items() if rows)
