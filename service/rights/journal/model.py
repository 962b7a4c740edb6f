"""The nouns of the journal of erasures."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """One erasure that was begun: who, by ids and keyed hashes that lead nowhere without the database and its keys.

    `suppressed` are the keyed hashes of their identifiers that do not rotate; the identifiers die with the keys.
    """

    request_id: UUID
    erased_at: datetime
    subjects: list[UUID]
    lookups: list[bytes]
    bundle: str
    suppressed: list[bytes] = []

    def __repr__(self) -> str:
        return f"Line({self.request_id}, …)"


class Journaled(Struct, frozen=True):
    """What the journal holds, oldest first; `torn` where its last line was cut off, which nobody relied on."""

    lines: Sequence[Line]
    torn: bool


class JournalRefused(Exception):
    """The journal cannot be read or written; the message says why and what to do."""
