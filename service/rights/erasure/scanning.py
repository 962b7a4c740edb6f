"""Step 5 in its place among the others: when to scan, of what, and what follows from what was found."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from service.kernel.clock import Moment
from service.kernel.database import Database
from service.kernel.datamap import DataMap
from service.kernel.log import event
from service.rights.erasure import store
from service.rights.erasure.erasing import HOLDS
from service.rights.erasure.model import Notes, Step
from service.rights.erasure.scan import Scanned, Sought, Tell, blocks, left_of, nobody, scan
from service.rights.erasure.steps import Done, Steps, always, erased, scanned
from service.rights.holds import store as holds
from service.subjects import store as subjects_store

SMALL_BLOCKS = 8192
"""What is looked through while an officer waits: 64 MiB."""


class Scanning:
    """Looks for what is left of the erased; while anything is, there is no certificate."""

    def __init__(self, *, database: Database, erasing: Database, datamap: DataMap, steps: Steps) -> None:
        self._database = database
        self._erasing = erasing
        self._datamap = datamap
        self._steps = steps

    async def one(self, request_id: UUID, _: Moment) -> bool:
        """Step 5 for one erasure, where everything is looked through in a moment; else the worker does it for many."""
        tasks = await store.tasks(self._database, request_id)
        if scanned(tasks):
            return True
        sizes = await blocks(self._erasing, self._datamap)
        return sum(sizes.values()) <= SMALL_BLOCKS and request_id in await self.all([request_id])

    async def all(self, request_ids: Sequence[UUID], tell: Tell = nobody) -> set[UUID]:
        """Step 5 for many erasures in one pass; returns those of which nothing was found."""
        sizes, passed = await blocks(self._erasing, self._datamap), set[UUID]()
        for kept, after in (await self._unscanned(request_ids)).items():
            looked_at = {table: size for table, size in sizes.items() if table.name not in kept}
            seen = await scan(self._erasing, looked_at, list(after.values()), tell)
            left = await left_of(self._erasing, looked_at, after, seen)
            for request_id, sought in after.items():
                told = Scanned(seen.tables, seen.columns, seen.rows, left.get(request_id, {}))
                done = {Step.SCAN: Done(msgspec.to_builtins(told) | {"entries": len(sought.said)})}
                await self._steps.do(Step.SCAN, request_id, always(done), again=True)
            for request_id, places in left.items():
                where = ", ".join(sorted(places))
                event("rights.residue", level=logging.ERROR, request_id=str(request_id), reason=where)
            passed |= after.keys() - left.keys()
        return passed

    async def _unscanned(self, request_ids: Sequence[UUID]) -> Mapping[frozenset[str], dict[UUID, Sought]]:
        """The erasures that step 5 has not passed, by the tables of which something of them is held."""
        waiting: defaultdict[frozenset[str], dict[UUID, Sought]] = defaultdict(dict)
        for request_id in request_ids:
            tasks = await store.tasks(self._database, request_id)
            if Step.ERASE in tasks and not scanned(tasks):
                notes = await self._not_new(self._steps.noted(request_id, tasks))
                held = await holds.held(self._database, notes.subjects)
                kept = frozenset(name for data in held.values() for name in (*data, HOLDS))
                waiting[kept][request_id] = Sought(notes, erased(tasks).entries)
        return waiting

    async def _not_new(self, notes: Notes) -> Notes:
        """Without the identifiers of whoever has come again meanwhile: they are somebody new, and no residue."""
        again = await subjects_store.resolve(self._database, notes.lookups)
        return replace(notes, lookups=[lookup for lookup in notes.lookups if lookup not in again])
