"""The verbs of a gap: show what is missing, close it."""

from collections.abc import Callable
from uuid import UUID

from service.kernel.auth import Principal
from service.kernel.database import Connection, Database
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger.gap import rules, store
from service.ledger.gap.filling import lacking
from service.ledger.gap.leaves import Leaves
from service.ledger.gap.model import Closed, Closing, GapShown, Lacking, LeavesLost, NoGap
from service.ledger.gap.watch import Gap
from service.ledger.model import Checkpoint, CheckpointRefused


class GapDesk:
    """Shows officers what a restored backup lacks, and takes their word that they have seen to it."""

    def __init__(self, *, database: Database, gap: Gap, seal_note: Callable[[str, str, UUID, bytes], bytes]) -> None:
        self._database = database
        self._gap = gap
        self._leaves = Leaves(gap.publication.path)
        self._seal_note = seal_note

    async def show(self) -> GapShown:
        """Whether there is a gap, and what is missing; raises `LeavesLost`."""

        async def read(connection: Connection) -> tuple[int, Lacking | None]:
            return await ledger.size(connection), await self._lacking(connection)

        size, found = await self._database.at_one_moment(read)
        if found is None:
            published = self._published()
            return GapShown(False, size, published.size if published else 0, 0, None, None)
        times = [rules.recorded(leaf.entry_id) for leaf in found.missing]
        first, last = min(times, default=None), max(times, default=None)
        return GapShown(True, size, found.end, len(found.missing), first, last)

    async def close(self, closing: Closing, officer: Principal) -> Closed:
        """Close the gap with an entry that says exactly what is missing; raises `NoGap`, `LeavesLost`.

        The sequencer puts the leaves back, so that the tree extends what was published.
        """

        async def work(connection: Connection) -> Closed:
            found = await self._lacking(connection)
            if found is None:
                raise NoGap("The tree has everything that was published.")
            now, gap_id, note = await store.clock(connection), new_id(), closing.note.encode()
            sealed = self._seal_note("ledger_entries", "evidence", gap_id, note)
            facts = rules.facts(found, UUID(officer.principal_id))
            entry = ledger_rules.entry(rules.KIND, gap_id, new_id(), now, now, facts, (note, sealed))
            await ledger.append(connection, [entry])
            return Closed(entry_id=entry.entry_id, missing=len(found.missing))

        return await self._database.run("ledger.close_gap", work)

    async def _lacking(self, connection: Connection) -> Lacking | None:
        published = self._published()
        if published is None or published.size <= await ledger.size(connection):
            return None
        return await lacking(connection, published, self._leaves)

    def _published(self) -> Checkpoint | None:
        try:
            return self._gap.publication.read()
        except CheckpointRefused as refused:
            raise LeavesLost("The published checkpoint cannot be read; the log of the worker says why.") from refused
