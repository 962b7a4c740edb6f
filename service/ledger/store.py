"""The ledger in the database: entries, leaves, subtrees and checkpoints are inserted and selected, never updated."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Connection, Reader
from service.kernel.queries import load
from service.ledger.model import Checkpoint, Entry, LedgerDamaged
from service.ledger.tree import Node

QUERIES = load(__package__)

LOCK = 5_028_774_094
"""Names the advisory lock of the sequencer; a number chosen once."""


class Leaf(Struct, frozen=True):
    """The hash of an entry in the tree, and its place there, which it does not have while it waits."""

    index: int | None
    hash: bytes


async def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add entries in the caller's transaction, and let them wait to enter the tree. One statement."""
    await connection.execute(QUERIES["append"], entries)


async def alone(connection: Connection) -> bool:
    """Whether the caller is the only sequencer, until its transaction ends; does not wait for another."""
    return await connection.fetchval(QUERIES["alone"], LOCK)


async def size(connection: Connection) -> int:
    """How many leaves the tree has."""
    return await connection.fetchval(QUERIES["size"])


async def integrate(connection: Connection, size: int, most: int) -> list[bytes]:
    """Move up to `most` entries from the queue to the end of a tree of this size; returns their leaf hashes."""
    return [row["leaf_hash"] for row in await connection.fetch(QUERIES["integrate"], size, most)]


async def complete(connection: Connection, nodes: Iterable[tuple[Node, bytes]]) -> None:
    """Keep subtrees that have become complete."""
    rows = [(node.level, node.place, value) for node, value in nodes]
    if rows:
        await connection.execute(QUERIES["complete"], *map(list, zip(*rows, strict=True)))


async def subtrees(reader: Reader, nodes: Iterable[Node]) -> Mapping[Node, bytes]:
    """The hashes of complete subtrees, in one statement; raises `LedgerDamaged` where one is missing."""
    wanted = sorted(set(nodes))
    levels, places = [node.level for node in wanted], [node.place for node in wanted]
    rows = await reader.fetch(QUERIES["subtrees"], levels, places)
    found = {Node(row["level"], row["place"]): row["hash"] for row in rows if row["hash"] is not None}
    if len(found) < len(wanted):
        raise LedgerDamaged("A part of the tree is missing; the operator can see which with `placet ledger verify`.")
    return found


async def leaf(reader: Reader, entry_id: UUID) -> Leaf | None:
    """Where an entry is in the tree, or that it waits; None for an entry that there is not."""
    row = await reader.fetchrow(QUERIES["leaf"], entry_id)
    return Leaf(index=row["leaf_index"], hash=row["leaf_hash"]) if row else None


async def places(reader: Reader, entries: Iterable[UUID]) -> Mapping[UUID, int]:
    """Where entries are in the tree, of those that do not wait."""
    rows = await reader.fetch(QUERIES["places"], list(entries))
    return {row["entry_id"]: row["leaf_index"] for row in rows}


async def last(reader: Reader) -> Checkpoint | None:
    """The checkpoint that was published last."""
    row = await reader.fetchrow(QUERIES["last"])
    return Checkpoint(size=row["tree_size"], root=row["root"], note=row["note"]) if row else None


async def publish(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint that was published."""
    await connection.execute(QUERIES["publish"], checkpoint.size, checkpoint.root, checkpoint.note)
