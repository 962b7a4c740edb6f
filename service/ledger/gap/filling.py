"""What a tree lacks of the published one, and putting it back: leaves without their entries."""

from service.kernel.database import Connection
from service.ledger import store, tree
from service.ledger.gap import store as gaps
from service.ledger.gap.leaves import Leaves
from service.ledger.gap.model import Lacking, Leaf, LeavesLost
from service.ledger.gap.rules import closes
from service.ledger.model import Checkpoint
from service.ledger.tree import Tree

LOST = "is not that of the published checkpoint; restore its copy (docs/restoring-a-backup.md)"


async def growing(connection: Connection) -> Tree:
    """The tree of the database, ready to grow; raises `LedgerDamaged`."""
    size = await store.size(connection)
    hashes = await store.subtrees(connection, tree.edge(size))
    return Tree(size, [hashes[node] for node in tree.edge(size)])


async def lacking(connection: Connection, published: Checkpoint, file: Leaves) -> Lacking:
    """What the database lacks; raises `LeavesLost` where the file does not lead to the published root."""
    grown = await growing(connection)
    first, missing = grown.size, list[Leaf]()
    try:
        for page in file.pages(first, published.size):
            found = await gaps.there(connection, [leaf.entry_id for leaf in page])
            missing += [leaf for leaf in page if leaf.entry_id not in found]
            for leaf in page:
                list(grown.append(leaf.hash))
    except OSError as error:
        raise LeavesLost(f"{file.path.name} cannot be read; mount the volume that has it.") from error
    if (grown.size, grown.root) != (published.size, published.root):
        raise LeavesLost(f"{file.path.name} {LOST}.")
    return Lacking(first, published.size, published.root, missing)


async def fill(connection: Connection, published: Checkpoint, file: Leaves) -> bool:
    """Put back what an officer has closed a gap over; False where nobody has. Raises `LeavesLost`."""
    grown = await growing(connection)
    said = await gaps.closings(connection)
    if not any(closes(one, grown.size, published.size, published.root) for one in said):
        return False
    await lacking(connection, published, file)  # the file leads to the published root
    for page in file.pages(grown.size, published.size):
        first = grown.size
        nodes = [node for leaf in page for node in grown.append(leaf.hash)]
        await gaps.put_back(connection, first, page)
        await store.complete(connection, nodes)
    return True
