"""The verbs of learning: compute tables in the background, and follow them in every process that decides."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

from service.decisioning.learning import rules, store
from service.decisioning.learning.model import Counts
from service.decisioning.tables import Tables
from service.kernel.database import Connection, Database
from service.kernel.ids import new_id
from service.kernel.problem import Unavailable
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle

SLICE = 200
"""Draws between which others get their turn: a millisecond's worth."""
BETWEEN_LOOKS = timedelta(seconds=2)
BEFORE_ALL = UUID(int=0)


class Learner:
    """Computes with which chance each offer is the best, one among any number of processes."""

    def __init__(self, database: Database, policy: ActivePolicy) -> None:
        self._database = database
        self._policy = policy

    async def run(self) -> int:
        """Compute every table that is due; returns how many. Does nothing while another process does it."""
        computed = 0
        while await self._database.run("learning.compute", self._compute_next):
            computed += 1
        return computed

    async def _compute_next(self, connection: Connection) -> bool:
        """Compute one table, in a transaction of its own; False when there is none to compute."""
        bundle = self._policy.current
        placements = rules.learning(bundle)
        if not placements or not await store.alone(connection):
            return False
        now, slots = await store.slots(connection, placements)
        slot = next((slot for slot in slots if now and rules.due(slot, bundle.digest, now)), None)
        if slot is None:
            return False
        placement, version = placements[slot.placement], new_id()
        offers = rules.competing(bundle, placement, slot.stage)
        chances = rules.chances(offers, await _wins(offers, slot.arms, version), placement.floor) if offers else {}
        await store.tabulate(connection, version, slot, chances, bundle.digest)
        await store.drop_tables(connection, _kept_days(bundle))
        return True


async def _wins(offers: Collection[str], arms: Mapping[str, Counts], version: UUID) -> Counter[str]:
    """How often each offer wins, in slices, so that nobody waits for it."""
    wins: Counter[str] = Counter()
    for place, winner in enumerate(rules.contests(offers, arms, version.int)):
        wins[winner] += 1
        if place * len(offers) % SLICE < len(offers):
            await asyncio.sleep(0)
    return wins


def _kept_days(bundle: Bundle) -> int:
    """How long a decision may refer to a table."""
    return max((p.retention_days for p in bundle.purposes.values() if p.keeps("decisions")), default=0)


async def refresh(database: Database, tables: Tables) -> None:
    """Take over the tables that are newer than those at hand."""
    newest = max((table.version for table in tables.current.values()), default=BEFORE_ALL)
    if newer := await store.newer_tables(database, newest):
        tables.current = {**tables.current, **newer}


@asynccontextmanager
async def following_tables(database: Database, tables: Tables) -> AsyncGenerator[None]:
    """Keep a process that decides up with the tables, until the end."""
    task = asyncio.create_task(_follow(database, tables))
    try:
        yield
    finally:
        task.cancel()


async def _follow(database: Database, tables: Tables) -> None:
    while True:
        with suppress(Unavailable):  # everything else says so too
            await refresh(database, tables)
        await asyncio.sleep(BETWEEN_LOOKS.total_seconds())
