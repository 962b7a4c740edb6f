"""The nouns of an erasure: its steps, and what each leaves for those behind it."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from msgspec import Struct


class Step(Enum):
    """The steps in their order. Those that must be true together are done in one transaction."""

    APPROVE = "approve"
    JOURNAL = "journal"
    ERASE = "erase"
    NOTIFY = "notify"
    SCAN = "scan"
    SHRED = "shred"
    CERTIFY = "certify"
    INFORM = "inform"


class Notes(Struct, frozen=True):
    """Whom an erasure is about. They are kept sealed, and only until the certificate is issued.

    `suppressed` are the keyed hashes of their identifiers that no rotation of the lookup key changes.
    """

    subjects: list[UUID]
    lookups: list[bytes]
    suppressed: list[bytes]
    pseudonyms: dict[str, list[str]]

    def __repr__(self) -> str:
        return "Notes(…)"


class Erased(Struct, frozen=True):
    """What the erase step did: who has a tombstone now, by the ledger entries that say so, and the rows touched.

    What was held then and went before the certificate counts too; `deleted_at` is when the last of it went.
    """

    erased_at: datetime
    deleted_at: datetime
    subjects: int
    entries: list[UUID]
    rows: dict[str, int]
    suppressed: int
    bundle: str


class Notified(Struct, frozen=True):
    """Which recipients are told, and which the controller has to tell by other means: the service has no address."""

    told: list[str]
    no_endpoint: list[str]


class Shredded(Struct, frozen=True):
    """What the shred step did: whose keys are gone, and since when no backup opens anything of theirs."""

    subjects: int
    backups_clear_at: datetime | None


class Task(Struct, frozen=True):
    """A step that was done."""

    step: Step
    done_at: datetime
    outcome: Mapping[str, Any]
    notes: bytes | None
