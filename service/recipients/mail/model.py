"""The nouns of mail."""

from uuid import UUID

from msgspec import Struct, field


class Letter(Struct, frozen=True, omit_defaults=True):
    """A letter about a request of a person. It is stored sealed, and as long as it is under way."""

    request_id: UUID
    kind: str
    language: str
    address: str = field(name="to")
    subject: str
    text: str
    code: str | None = None

    def __repr__(self) -> str:
        return f"Letter({self.kind}, …)"


class Taken(Struct, frozen=True):
    """A letter that one worker carries now, still sealed. `late`: it is of no use any longer."""

    request_id: UUID
    letter_id: UUID
    kind: str
    content: bytes
    attempts: int
    late: bool


class NotNow(Exception):
    """A letter could not be handed over; it will be tried again. The message says why, and repeats no address."""


class Undeliverable(Exception):
    """A letter cannot be delivered, however often it is tried. The message says why, and repeats no address."""
