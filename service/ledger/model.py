"""The nouns of the ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct


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
