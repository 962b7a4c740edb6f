"""What protects a person is told to whoever else has their data (Art. 19)."""

from collections.abc import Iterable

from service.kernel import outbox
from service.kernel.database import Connection
from service.kernel.outbox import Message
from service.ledger.model import Entry
from service.ledger.rules import instant
from service.policy.model import Bundle

TOLD = ("purpose", "direct_marketing", "lifts", "identifier_kind")
"""What an entry may say that recipients are told too; no identifier is ever among it."""


async def announce(
    connection: Connection, bundle: Bundle, entry: Entry, recipients: Iterable[str] | None = None
) -> None:
    """Tell recipients what an entry says: all of the bundle, or those named, as far as they can be reached."""
    named = bundle.recipients if recipients is None else recipients
    reached = [one for one in named if bundle.recipients[one].endpoint]
    content = {"entry_id": str(entry.entry_id), "effective_at": instant(entry.effective_at)}
    content |= {name: entry.payload[name] for name in TOLD if name in entry.payload}
    if reached:
        await outbox.enqueue(connection, [Message(entry.subject_id, one, entry.kind, content) for one in reached])
