"""The nouns of what was: a subject's entries as they are told, and as another time than now is judged by."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from service.consent.model import Method, Objection, Said, Status
from service.subjects.model import Identifier


class Restriction(Struct, frozen=True):
    """A restriction that began, or was lifted: known from the instant at which it took effect."""

    entry_id: UUID
    effective_at: datetime
    lifted: bool


class Past(Struct, frozen=True):
    """All that an active subject ever said, and what protected them, the oldest first."""

    subject_id: UUID
    revision: int
    said: list[Said]
    objections: list[Objection]
    restrictions: list[Restriction]


class HistoryQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose history."""

    subject: Identifier


class NoticeOfEntry(Struct, frozen=True):
    """The text that a decision was made on, with the SHA-256 by which it can be told from any other."""

    id: str
    version: str
    language: str
    sha256: str


class HistoryEntry(Struct, frozen=True):
    """One entry of the ledger on consent. `leaf_index` is its place in a published tree, which it does not have yet."""

    entry_id: UUID
    kind: Literal["consent"]
    purpose: str
    status: Status
    site: str
    notice: NoticeOfEntry
    method: Method
    effective_at: datetime
    recorded_at: datetime
    collected_at: datetime | None
    valid_until: datetime | None
    gpc: bool
    commitment: str
    leaf_index: int | None = None


class History(Struct, frozen=True):
    """Every entry of a subject on consent, the oldest first: by when it was recorded."""

    entries: list[HistoryEntry]
