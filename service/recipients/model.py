"""The nouns of recipients: what is delivered to them, what became of it, and what they answer."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem


class State(Enum):
    """Where a message is: waiting to be delivered, delivered, given up, or answered by its recipient."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    ACKNOWLEDGED = "acknowledged"


class Outcome(Struct, frozen=True):
    """What became of one message of a rights request: `at` is when, `answer` what its recipient did."""

    recipient: str
    state: State
    answer: str | None
    at: datetime | None


class Due(Struct, frozen=True):
    """A message that this process is to deliver now."""

    subject_id: UUID
    message_id: UUID
    kind: str
    content: Mapping[str, Any]
    request_id: UUID | None
    pseudonym: str | None
    attempts: int
    enqueued_at: datetime


class DeliveryShown(Struct, frozen=True):
    """A message as officers see it: of whom it is and what it says is nobody's business but the recipient's."""

    message_id: UUID
    recipient: str
    kind: str
    request_id: UUID | None
    state: State
    attempts: int
    failure: str | None
    enqueued_at: datetime
    due_at: datetime
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    answer: str | None


class Deliveries(Struct, frozen=True):
    """Messages, the oldest first; `next` is what to send as `after` for more."""

    deliveries: list[DeliveryShown]
    next: UUID | None


class Did(Enum):
    """What a recipient did about what it was told."""

    DONE = "done"
    NOTHING_HELD = "nothing_held"
    REFUSED = "refused"


class Acknowledgement(Struct, frozen=True, forbid_unknown_fields=True):
    """What a recipient did about one message; `request_id` is that of the message, where it has one."""

    message_id: Annotated[UUID, Meta(description="The webhook-id of the message.")]
    outcome: Did
    request_id: UUID | None = None


class Acknowledged(Struct, frozen=True):
    """An acknowledgement that counts."""

    message_id: UUID
    acknowledged_at: datetime


class AcknowledgementRefused(Problem):
    """This acknowledgement is not from the recipient."""

    slug = "acknowledgement-refused"
    status = 403


class DeliveryUnknown(Problem):
    """There is no such message."""

    slug = "delivery-unknown"
    status = 404


class AcknowledgedAlready(Problem):
    """This message has been acknowledged."""

    slug = "acknowledged-already"
    status = 409


class NotDead(Problem):
    """This message need not be tried again."""

    slug = "delivery-not-dead"
    status = 409
