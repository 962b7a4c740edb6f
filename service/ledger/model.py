"""The nouns of the ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

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


class LedgerDamaged(Problem):
    """The ledger is damaged."""

    slug = "ledger-damaged"
    status = 500
