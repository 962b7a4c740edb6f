"""The outbox: what recipients are to be told, written in the transaction of the change. Delivery comes later."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.kernel.queries import load

QUERIES = load(__package__)


class Message(Struct, frozen=True):
    """What one recipient is to be told of a subject. No identifier may be in it."""

    subject_id: UUID
    recipient: str
    kind: str
    content: Mapping[str, Any]


async def enqueue(connection: Connection, messages: Sequence[Message]) -> None:
    """Keep messages in the caller's transaction: they exist exactly if what they tell of happened."""
    await connection.execute(
        QUERIES["enqueue"],
        [message.subject_id for message in messages],
        [new_id() for _ in messages],
        [message.recipient for message in messages],
        [message.kind for message in messages],
        [dict(message.content) for message in messages],
    )
