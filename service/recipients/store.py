"""Messages to recipients in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from service.kernel.database import Connection, Reader
from service.kernel.queries import load
from service.recipients.model import Acknowledgement, DeliveryShown, Due, Outcome, State

QUERIES = load(__package__)

FIRST = UUID(int=0)
KEPT_DAYS = 30
"""How long what was delivered, or given up, is kept; of a rights request until it is answered, and then as long."""


async def outcomes(reader: Reader, request_id: UUID) -> list[Outcome]:
    """What became of each message of a rights request; of a recipient who knew several subjects there are several."""
    return [msgspec.convert(dict(row), Outcome) for row in await reader.fetch(QUERIES["outcomes"], request_id)]


async def waited_for(reader: Reader, recipients: Sequence[str]) -> list[str]:
    """Which of these recipients have a message that is due."""
    return [row["id"] for row in await reader.fetch(QUERIES["waited_for"], list(recipients))]


async def lease(connection: Connection, recipient: str, most: int, lost_after: timedelta) -> list[Due]:
    """Take up to `most` messages for a recipient, which are due again when they were not seen to in time."""
    rows = await connection.fetch(QUERIES["lease"], recipient, most, lost_after.total_seconds())
    return [msgspec.convert(dict(row), Due) for row in rows]


async def delivered(connection: Connection, due: Due) -> None:
    """Its recipient took a message."""
    await connection.execute(QUERIES["delivered"], due.subject_id, due.message_id)


async def failed(connection: Connection, due: Due, why: str, pause: timedelta | None) -> None:
    """A message could not be delivered: it is due after a pause, or given up, or no longer worth telling."""
    if not await connection.fetchval(QUERIES["supersede"], due.subject_id, due.message_id):
        await connection.execute(QUERIES["fail"], due.subject_id, due.message_id, why, pause)


async def drop(connection: Connection, due: Due) -> None:
    """Forget a message about somebody who is gone."""
    await connection.execute(QUERIES["drop"], due.subject_id, due.message_id)


async def deliveries(reader: Reader, state: State | None, after: UUID | None, most: int) -> list[DeliveryShown]:
    """The next messages, the oldest first."""
    rows = await reader.fetch(QUERIES["deliveries"], state.value if state else None, after or FIRST, most)
    return [msgspec.convert(dict(row), DeliveryShown) for row in rows]


async def delivery(reader: Reader, message_id: UUID) -> DeliveryShown | None:
    """One message."""
    row = await reader.fetchrow(QUERIES["delivery"], message_id)
    return msgspec.convert(dict(row), DeliveryShown) if row else None


async def revive(connection: Connection, message_id: UUID) -> bool:
    """Let a message be tried again that was given up; False where none was, or a newer one says more."""
    return await connection.fetchval(QUERIES["revive"], message_id) is not None


async def acknowledge(connection: Connection, recipient: str, said: Acknowledgement) -> datetime | None:
    """Keep what a recipient answered; None where that message is not there, or was answered before."""
    named = (said.message_id, recipient, said.request_id)
    return await connection.fetchval(QUERIES["acknowledge"], *named, said.outcome.value)


async def acknowledged(connection: Connection, recipient: str, said: Acknowledgement) -> bool:
    """Whether that message is there, and was answered."""
    named = (said.message_id, recipient, said.request_id)
    return bool(await connection.fetchval(QUERIES["acknowledged"], *named))


async def forget(connection: Connection, most: int) -> int:
    """Delete messages that nothing depends on any longer, up to `most`; returns how many."""
    status = await connection.execute(QUERIES["forget"], KEPT_DAYS, most)
    return int(status.rpartition(" ")[2])
