"""Gaps in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from service.kernel.database import Connection, Reader
from service.kernel.queries import load
from service.ledger.gap.model import Leaf

QUERIES = load(__package__)


async def closings(reader: Reader) -> list[Mapping[str, Any]]:
    """What the entries say that closed gaps, oldest first."""
    return [row["payload"] for row in await reader.fetch(QUERIES["closings"])]


async def there(reader: Reader, entries: Sequence[UUID]) -> set[UUID]:
    """Those of the entries that there are."""
    return {row["entry_id"] for row in await reader.fetch(QUERIES["there"], entries)}


async def put_back(connection: Connection, first: int, leaves: Sequence[Leaf]) -> None:
    """Put leaves back at the end of a tree of `first` leaves."""
    ids, hashes = [leaf.entry_id for leaf in leaves], [leaf.hash for leaf in leaves]
    await connection.execute(QUERIES["put_back"], first, ids, hashes)


async def leaves(reader: Reader, first: int, end: int) -> list[Leaf]:
    """The leaves of the tree from `first` up to and without `end`."""
    return [Leaf(row["entry_id"], row["leaf_hash"]) for row in await reader.fetch(QUERIES["leaves_from"], first, end)]


async def clock(connection: Connection) -> datetime:
    """The database's clock."""
    return await connection.fetchval(QUERIES["clock"])
