"""The sequencer: one among any number of processes puts what waits into the tree, and signs what it has become.

1. Leaves are committed before anything is said of them, so that what was signed cannot be rolled back.
2. A checkpoint is on the disk outside the database before the database has it, so that whoever has seen it, the file
   knows it; a database that was restored from an older backup is told by that.
3. Nothing is moved or signed unless the tree extends both the file's checkpoint and the database's last (rule L3).
4. The leaves are in a file before the checkpoint that signs them. Where a restored backup lacks some and an officer has
   closed that gap, they are put back from it, so that the tree extends what was published and goes on (ADR 17).
"""

import asyncio

from msgspec import Struct

from service.kernel.crypto import Signer
from service.kernel.database import Connection, Database
from service.ledger import note, store, tree
from service.ledger.gap import store as gaps
from service.ledger.gap.filling import fill
from service.ledger.gap.leaves import PAGE, Leaves
from service.ledger.gap.model import LeavesLost
from service.ledger.model import Checkpoint, CheckpointRefused, LedgerDamaged
from service.ledger.publication import Publication
from service.ledger.tree import Tree

BATCH = 2000
"""Entries of one transaction; hashing them keeps an event loop busy for a few milliseconds."""
BATCHES = 20
"""Transactions after which a checkpoint is signed even while entries keep coming."""


class Known(Struct, frozen=True):
    """The tree, and what was said of it last: in the file, and in the database."""

    tree: Tree
    filed: Checkpoint | None
    kept: Checkpoint | None


class Sequencer:
    """Orders entries and signs checkpoints."""

    def __init__(self, *, database: Database, signer: Signer, issuer: str, publication: Publication) -> None:
        self._database = database
        self._signer = signer
        self._name = note.name_of(issuer)
        self._publication = publication
        self._leaves = Leaves(publication.path)

    async def run(self) -> int:
        """Put what waits into the tree, then sign and publish it; returns how many entries were moved.

        Does nothing while another process does it; raises `CheckpointRefused` and changes nothing where the tree does
        not extend what was published.
        """
        moved = 0
        for _ in range(BATCHES):
            batch = await self._database.run("ledger.integrate", self._integrate)
            moved += batch
            if batch < BATCH:
                break
        await self._database.run("ledger.publish", self._publish)
        return moved

    async def _integrate(self, connection: Connection) -> int:
        if not await store.alone(connection):
            return 0
        await self._fill(connection)
        growing = (await known(connection, self._publication)).tree
        leaves = await store.integrate(connection, growing.size, BATCH)
        await store.complete(connection, [completed for leaf in leaves for completed in growing.append(leaf)])
        return len(leaves)

    async def _fill(self, connection: Connection) -> None:
        """Put back what an officer has closed a gap over."""
        filed = self._publication.read()
        size = await store.size(connection)
        if filed is None or filed.size <= size:
            return
        try:
            await fill(connection, filed, self._leaves)
        except (LeavesLost, LedgerDamaged) as lost:
            raise CheckpointRefused(f"{_ahead(filed.size, size)} {lost.detail}") from lost

    async def _publish(self, connection: Connection) -> None:
        if not await store.alone(connection):
            return
        now = await known(connection, self._publication)
        said = max((c for c in (now.filed, now.kept) if c), key=lambda c: c.size, default=None)
        if now.tree.size > (said.size if said else 0):
            said = note.sign(self._name, now.tree.size, now.tree.root, self._signer)
        if said:
            await self._file(connection, now.filed.size if now.filed else 0, said.size)
        if said and (now.filed is None or now.filed.size < said.size):
            await self._publication.replace(said)
        if said and (now.kept is None or now.kept.size < said.size):
            await store.publish(connection, said)

    async def _file(self, connection: Connection, published: int, size: int) -> None:
        """Have every leaf in the file before it is signed; what was never published is written anew."""
        try:
            count = self._leaves.count
            if count == size:
                return
            for first in range(min(count, published), size, PAGE):
                page = await gaps.leaves(connection, first, min(first + PAGE, size))
                await asyncio.to_thread(self._leaves.write, first, page)
        except OSError as error:
            reason = f"{self._leaves.path} cannot be written ({error.strerror}); make that possible"
            raise CheckpointRefused(reason) from error


async def known(connection: Connection, publication: Publication) -> Known:
    """The tree and what was said of it; raises `CheckpointRefused` where the tree does not extend that."""
    filed = publication.read()  # before the database, which may only know more than the file
    size, kept = await store.size(connection), await store.last(connection)
    if kept and not filed:
        raise CheckpointRefused(_lost(publication))
    said = [checkpoint for checkpoint in (filed, kept) if checkpoint]
    if any(checkpoint.size > size for checkpoint in said):
        raise CheckpointRefused(_ahead(max(checkpoint.size for checkpoint in said), size))
    try:
        wanted = [node for n in (size, *(checkpoint.size for checkpoint in said)) for node in tree.edge(n)]
        hashes = await store.subtrees(connection, wanted)
    except LedgerDamaged as damaged:
        raise CheckpointRefused(_other(size)) from damaged
    if other := [c.size for c in said if tree.root(c.size, hashes) != c.root]:
        raise CheckpointRefused(_other(min(other)))
    return Known(tree=Tree(size, [hashes[node] for node in tree.edge(size)]), filed=filed, kept=kept)


def _lost(publication: Publication) -> str:
    path = publication.path
    return (
        f"{path} is gone, although checkpoints were published. Restore it, or mount the volume that has it; until then "
        f"nothing is signed. If it is lost for good, `placet ledger checkpoint > {path}` writes what was last."
    )


def _ahead(published: int, size: int) -> str:
    return (
        f"A checkpoint of {published} entries was published, and the tree has {size}: the database was restored from "
        "an older backup, or leaves were removed. Restore the newest backup; if none has them, an officer closes the "
        "gap (docs/restoring-a-backup.md). Until then nothing is signed."
    )


def _other(published: int) -> str:
    return (
        f"The tree does not have the first {published} entries that were published: this is another database, or rows "
        "were changed. `placet ledger verify` says which; until then nothing is signed."
    )
