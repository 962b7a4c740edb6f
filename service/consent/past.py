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
    link: UUID | None = None
    until: datetime | None = None


class Past(Struct, frozen=True):
    """All that an active subject ever said, and what protected them, the oldest first."""

    subject_id: UUID
    revision: int
    said: list[Said]
    objections: list[Objection]
    restrictions: list[Restriction]


class Turn(Struct, frozen=True):
    """When a lookup began to lead elsewhere: through a link, or to its own subject again."""

    at: datetime
    link: UUID | None


class Trail(Struct, frozen=True):
    """Whom a lookup ever led to: its own subject, and by link the known ones; the erased have left no past."""

    home: Past
    turns: list[Turn]
    known: dict[UUID, Past]

    def at(self, moment: datetime) -> Past | None:
        """The past of whomever the lookup led to at a time."""
        link = next((turn.link for turn in reversed(self.turns) if turn.at <= moment), None)
        return self.known.get(link) if link else self.home


class HistoryQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose history."""

    subject: Identifier


class NoticeOfEntry(Struct, frozen=True):
    """The text that a decision was made on, with the SHA-256 by which it can be told from any other.

    A withdrawal was made on no text: of it there is the version that was current then.
    """

    id: str
    version: str
    language: str | None = None
    sha256: str | None = None


class HistoryEntry(Struct, frozen=True):
    """One entry of the ledger on consent. `leaf_index` is its place in the tree, null for about a second.

    `link` is the link that brought it from a browser's own subject, `until` when that was undone: it counts no longer.
    """

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
    link: UUID | None = None
    until: datetime | None = None
    leaf_index: int | None = None


class History(Struct, frozen=True):
    """Every entry of a subject on consent, the oldest first: by when it was recorded."""

    entries: list[HistoryEntry]
