"""The feed of changes in the database."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.consent.changes.model import Turned, Window
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load

QUERIES = load(__package__)


class Interest(Struct, frozen=True):
    """What a recipient is told of: the purposes that name it, and whether one of them is direct marketing."""

    recipient: str
    purposes: Collection[str]
    marketing: bool


async def place(reader: Reader, entry_id: UUID) -> int | None:
    """Where an entry is in the tree; None for one that is not there."""
    row = await reader.fetchrow(QUERIES["place"], entry_id)
    return row["leaf_index"] if row else None


async def size(reader: Reader) -> int:
    """How many leaves the tree has."""
    return (await _one(reader, "stand"))["tree_size"]


async def window(reader: Reader, first: int, most: int, interest: Interest) -> Window:
    """What turned in the next leaves; the caller sees one moment."""
    stand = await _one(reader, "stand")
    end = min(first + most, stand["tree_size"])
    last = (await _one(reader, "last", end - 1))["entry_id"] if end > first else None
    purposes = list(interest.purposes)
    rows = await reader.fetch(QUERIES["turned"], first, end, purposes, interest.marketing, interest.recipient)
    return Window(
        turned=[Turned(**dict(row)) for row in rows],
        last=last,
        more=end < stand["tree_size"],
        as_of=stand["as_of"],
        tree_size=stand["tree_size"],
    )


async def followers(reader: Reader) -> list[str]:
    """The recipients that follow the changes."""
    return [row["recipient"] for row in await reader.fetch(QUERIES["followers"])]


async def bid(connection: Connection, entry_id: UUID, sealed: Mapping[str, bytes], at: datetime) -> None:
    """Keep how recipients called somebody who is being erased, sealed."""
    await connection.execute(QUERIES["bid"], entry_id, list(sealed), list(sealed.values()), at)


async def forget(connection: Connection, days: int) -> None:
    """Forget what was kept for longer."""
    await connection.execute(QUERIES["forget"], days)


async def _one(reader: Reader, name: str, *values: Any) -> Row:
    (row,) = await reader.fetch(QUERIES[name], *values)
    return row
