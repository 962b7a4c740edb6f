"""Delivery from the outbox: at least once, in order for each subject, each recipient apart from the others.

Any number of processes may deliver. One that is killed loses nothing: what it had taken is due again.
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from functools import partial
from uuid import UUID

import msgspec

from service.kernel.clock import system_now
from service.kernel.crypto import to_text
from service.kernel.database import Database
from service.kernel.log import event
from service.kernel.webhooks import signed
from service.ledger.rules import instant
from service.policy.commands import ActivePolicy
from service.policy.model import Recipient
from service.recipients import rules, store
from service.recipients.model import Due
from service.recipients.signatures import Signatures
from service.recipients.wire import DEADLINE, Undelivered, Wire
from service.subjects.keys.commands import SubjectKeys

AT_ONCE = 8
"""Messages that one process has under way to one recipient; one that hangs holds up no other recipient."""
LOST_AFTER = 3 * DEADLINE
"""After this a message that was taken and not seen to is due again: whoever took it was killed."""
TAKEN = range(200, 300)


class Delivery:
    """Delivers what recipients are to be told."""

    def __init__(
        self, *, database: Database, policy: ActivePolicy, keys: SubjectKeys, signatures: Signatures, wire: Wire
    ) -> None:
        self._database = database
        self._policy = policy
        self._keys = keys
        self._signatures = signatures
        self._wire = wire

    async def run(self) -> int:
        """Deliver what is due now; returns how many messages were taken. Raises `Unavailable`."""
        counts = await asyncio.gather(*(self.serve(recipient) for recipient in await self.waited_for()))
        return sum(counts)

    async def waited_for(self) -> list[Recipient]:
        """The recipients that can be reached, and for whom something is due. Raises `Unavailable`."""
        recipients = self._policy.current.recipients
        reached = [recipient.id for recipient in recipients.values() if recipient.endpoint]
        return [recipients[name] for name in await store.waited_for(self._database, reached)] if reached else []

    async def serve(self, recipient: Recipient) -> int:
        """Deliver what is due to one recipient; returns how many messages it took. Raises `Unavailable`."""
        taken = 0
        while batch := await self._take(recipient):
            names = await self._names(recipient, batch)
            taken += sum(
                await asyncio.gather(*(self._deliver(recipient, due, names.get(due.message_id)) for due in batch))
            )
        return taken

    async def _take(self, recipient: Recipient) -> list[Due]:
        take = partial(store.lease, recipient=recipient.id, most=AT_ONCE, lost_after=LOST_AFTER)
        return await self._database.run("recipients.take", take)

    async def _names(self, recipient: Recipient, batch: list[Due]) -> Mapping[UUID, str]:
        """By which name the recipient knows whom each message is about; nothing for who is gone."""
        known = {due.message_id: due.pseudonym for due in batch if due.pseudonym}
        unnamed = [due for due in batch if due.pseudonym is None]
        if not unnamed:
            return known
        names = await self._keys.pseudonyms(recipient.id, {due.subject_id for due in unnamed})
        return known | {due.message_id: to_text(names[due.subject_id]) for due in unnamed if due.subject_id in names}

    async def _deliver(self, recipient: Recipient, due: Due, pseudonym: str | None) -> bool:
        """Send one message and write down what became of it; returns whether it was taken."""
        if pseudonym is None:
            await self._database.run("recipients.drop", partial(store.drop, due=due))
            return False
        why = await self._send(recipient, due, pseudonym)
        if why is None:
            await self._database.run("recipients.delivered", partial(store.delivered, due=due))
            return True
        pause = rules.pause(due.attempts, random.random())  # noqa: S311 - no secret
        await self._database.run("recipients.failed", partial(store.failed, due=due, why=why, pause=pause))
        level = logging.INFO if pause else logging.ERROR
        event("delivery.failed" if pause else "delivery.dead", level=level, reason=why, work=recipient.id)
        return False

    async def _send(self, recipient: Recipient, due: Due, pseudonym: str) -> str | None:
        """Send one message; returns why it was not taken."""
        body = content(due, pseudonym)
        headers = signed(str(due.message_id), system_now(), body, self._signatures.signing(recipient))
        try:
            answer = await self._wire.post(recipient.endpoint or "", headers, body, private=recipient.private)
        except Undelivered as undelivered:
            return undelivered.why
        return None if answer.status in TAKEN else f"status_{answer.status}"


def content(due: Due, pseudonym: str) -> bytes:
    """What is sent: what happened, when, and to whom, by the recipient's own name for them."""
    of_request = {"request_id": str(due.request_id)} if due.request_id else {}
    data = {"pseudonym": pseudonym, **of_request, **due.content}
    return msgspec.json.encode({"type": due.kind, "timestamp": instant(due.enqueued_at), "data": data})
