"""The nouns of the ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from service.kernel.problem import Problem


class Entry(Struct, frozen=True):
    """One fact: what happened, to whom, when it took effect, when we learnt it. `payload` is what is committed to."""

    subject_id: UUID
    entry_id: UUID
    kind: str
    effective_at: datetime
    recorded_at: datetime
    payload: Mapping[str, Any]
    salt: bytes
    commitment: bytes
    evidence: bytes | None = None


class Checkpoint(Struct, frozen=True):
    """How many leaves the tree had and its root hash, with the signed note that says so (C2SP tlog-checkpoint)."""

    size: int
    root: bytes
    note: str


class CheckpointRefused(Exception):
    """Nothing may be signed: it would not extend what was published; the message says why and what to do."""


class Inclusion(Struct, frozen=True):
    """That an entry is in the tree of a checkpoint, and where: what RFC 6962 calls an audit path, hashes in base64."""

    entry_id: UUID
    leaf_index: int
    tree_size: int
    leaf_hash: str
    hashes: list[str]
    checkpoint: str


class Consistency(Struct, frozen=True):
    """That the tree of `to` leaves extends that of `from` leaves (RFC 6962), hashes in base64."""

    old: int = field(name="from")
    new: int = field(name="to")
    hashes: list[str]


class EntryUnknown(Problem):
    """The ledger has no such entry."""

    slug = "entry-unknown"
    status = 404


class EntryWaiting(Problem):
    """The entry is not in a published tree yet."""

    slug = "entry-waiting"
    status = 409


class CheckpointMissing(Problem):
    """No checkpoint has been published yet."""

    slug = "checkpoint-missing"
    status = 404


class LedgerDamaged(Problem):
    """The ledger is damaged."""

    slug = "ledger-damaged"
    status = 500
