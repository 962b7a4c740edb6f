"""What the ledger proves: always against the checkpoint that was published last, so that nobody is told of another."""

from uuid import UUID

from service.kernel.database import Database
from service.kernel.problem import Fault, InvalidBody
from service.ledger import store, tree
from service.ledger.model import Checkpoint, CheckpointMissing, Consistency, EntryUnknown, EntryWaiting, Inclusion
from service.ledger.note import to_base64

SOON = {"Retry-After": "1"}


class LedgerDesk:
    """Answers those who want proof."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checkpoint(self) -> str:
        """The signed note that was published last; raises `CheckpointMissing`."""
        return (await self._last()).note

    async def inclusion(self, entry_id: UUID) -> Inclusion:
        """The proof that an entry is in the published tree; raises `EntryUnknown`, and `EntryWaiting` until it is."""
        leaf = await store.leaf(self._database, entry_id)
        if leaf is None:
            raise EntryUnknown("A receipt names the ids of its entries.")
        last = await store.last(self._database)
        if leaf.index is None or last is None or leaf.index >= last.size:
            raise EntryWaiting("It will be in about a second; ask again.", headers=SOON)
        path = tree.inclusion(leaf.index, last.size)
        hashes = await store.subtrees(self._database, tree.needed(path))
        return Inclusion(
            entry_id=entry_id,
            leaf_index=leaf.index,
            tree_size=last.size,
            leaf_hash=to_base64(leaf.hash),
            hashes=[to_base64(value) for value in tree.proof(path, hashes)],
            checkpoint=last.note,
        )

    async def consistency(self, old: int, new: int) -> Consistency:
        """The proof that one tree extends the other; raises `InvalidBody` for sizes that were not published."""
        last = await self._last()
        if not 0 < old <= new <= last.size:
            fault = Fault("query.to" if new > last.size else "query.from", "must be 1 <= from <= to <= published size")
            raise InvalidBody("There are no such trees; the checkpoint says how large the last one is.", faults=[fault])
        path = tree.consistency(old, new)
        hashes = await store.subtrees(self._database, tree.needed(path))
        return Consistency(old=old, new=new, hashes=[to_base64(value) for value in tree.proof(path, hashes)])

    async def _last(self) -> Checkpoint:
        last = await store.last(self._database)
        if last is None:
            raise CheckpointMissing("The worker signs the first one about a second after the first entry.")
        return last
