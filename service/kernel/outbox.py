"""The outbox: what recipients are to be told, written in the transaction of the change. `recipients` delivers it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.kernel.queries import load

QUERIES = load(__package__)


class Message(Struct, frozen=True):
    """What one recipient is to be told of a subject. No identifier may be in it.

    `request_id` is the rights request that it tells of. What must outlive its subject has that as `subject_id` too, and
    carries the recipient's `pseudonym`, as computed before the keys went.
    """

    subject_id: UUID
    recipient: str
    kind: str
    content: Mapping[str, Any]
    request_id: UUID | None = None
    pseudonym: str | None = None


async def enqueue(connection: Connection, messages: Sequence[Message]) -> None:
    """Keep messages in the caller's transaction: they exist exactly if what they tell of happened."""
    await connection.execute(
        QUERIES["enqueue"],
        [message.subject_id for message in messages],
        [new_id() for _ in messages],
        [message.recipient for message in messages],
        [message.kind for message in messages],
        [dict(message.content) for message in messages],
        [message.request_id for message in messages],
        [message.pseudonym for message in messages],
    )
