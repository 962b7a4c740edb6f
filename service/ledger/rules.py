"""How an entry is committed to: SHA-256(salt ‖ canonical JSON), RFC 8785."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from service.kernel.crypto import digest, random_key, to_text
from service.ledger.model import Entry

_encoder = msgspec.json.Encoder(order="sorted")

ALIKE = 64
"""Times whose spelling is remembered: the entries of a batch share most of theirs."""


@lru_cache(maxsize=ALIKE)
def instant(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: one spelling for each instant."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"


def canonical(payload: Mapping[str, Any]) -> bytes:
    """Canonical JSON (RFC 8785) of what entries hold: texts, truth values, nulls, lists, objects with ASCII keys.

    Of these msgspec writes exactly the bytes that the RFC asks for, at a fraction of the cost; not of numbers.
    """
    return _encoder.encode(payload)


def commitment(salt: bytes, payload: Mapping[str, Any]) -> bytes:
    """What the ledger keeps for ever of a payload: nothing that anyone could guess from."""
    return digest(salt, canonical(payload))


def entry(
    kind: str,
    subject_id: UUID,
    entry_id: UUID,
    effective_at: datetime,
    recorded_at: datetime,
    facts: Mapping[str, Any],
    evidence: tuple[bytes, bytes] | None = None,
) -> Entry:
    """A new entry with a fresh salt. `evidence` is (plain, sealed): the first is committed to, the second stored."""
    salt = random_key()
    payload = {
        "entry_id": str(entry_id),
        "subject_id": str(subject_id),
        "kind": kind,
        "effective_at": instant(effective_at),
        "recorded_at": instant(recorded_at),
        **facts,
    }
    if evidence is not None:
        payload["evidence_sha256"] = to_text(digest(salt, evidence[0]))
    return Entry(
        subject_id=subject_id,
        entry_id=entry_id,
        kind=kind,
        effective_at=effective_at,
        recorded_at=recorded_at,
        payload=payload,
        salt=salt,
        commitment=commitment(salt, payload),
        evidence=evidence[1] if evidence else None,
    )
