"""The verbs of recipients: acknowledge; and of officers: see what was delivered, and have it tried again."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from service.kernel.database import Connection, Database
from service.kernel.webhooks import WebhookRefused, verified
from service.policy.commands import ActivePolicy
from service.recipients import store
from service.recipients.model import (
    Acknowledged,
    AcknowledgedAlready,
    Acknowledgement,
    AcknowledgementRefused,
    Deliveries,
    DeliveryShown,
    DeliveryUnknown,
    NotDead,
    State,
)
from service.recipients.signatures import Signatures


class DeliveryDesk:
    """Takes acknowledgements, and shows officers what became of messages."""

    def __init__(self, *, database: Database, policy: ActivePolicy, signatures: Signatures) -> None:
        self._database = database
        self._policy = policy
        self.signatures = signatures

    async def acknowledge(
        self, recipient_id: str, said: Acknowledgement, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Acknowledged:
        """Keep what a recipient did about a message; the first answer counts.

        Raises `AcknowledgementRefused`, `DeliveryUnknown` for a message of another recipient or request too, and
        `AcknowledgedAlready`.
        """
        recipient = self._policy.current.recipients.get(recipient_id)
        keys = self.signatures.checking(recipient) if recipient else ()
        try:
            verified(headers, body, keys, now)
        except WebhookRefused as refused:
            raise AcknowledgementRefused(f"Nothing was recorded: {refused}.") from None

        async def work(connection: Connection) -> Acknowledged:
            if at := await store.acknowledge(connection, recipient_id, said):
                return Acknowledged(said.message_id, at)
            if await store.acknowledged(connection, recipient_id, said):
                raise AcknowledgedAlready("The first answer counts, and nothing was changed; no need to send it again.")
            raise DeliveryUnknown("This recipient was sent no such message for this request; copy both ids from it.")

        return await self._database.run("recipients.acknowledge", work)

    async def deliveries(self, state: State | None, after: UUID | None, most: int) -> Deliveries:
        """Messages and what became of them, the oldest first."""
        found = await store.deliveries(self._database, state, after, most)
        return Deliveries(found, found[-1].message_id if len(found) == most else None)

    async def retry(self, message_id: UUID) -> DeliveryShown:
        """Have a message tried again that was given up; raises `DeliveryUnknown` and `NotDead`."""
        revived = await self._database.run("recipients.retry", partial(store.revive, message_id=message_id))
        delivery = await store.delivery(self._database, message_id)
        if delivery is None:
            raise DeliveryUnknown("It may have been erased with the person it told of.")
        if not revived:
            raise NotDead("Only a message that was given up is tried again, and only while no newer one says more.")
        return delivery
