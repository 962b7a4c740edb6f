"""What a gap is, and what closing it commits to."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from service.kernel.crypto import to_text
from service.ledger.gap.leaves import record
from service.ledger.gap.model import Lacking, Leaf

KIND = "gap_closed"
MILLISECONDS = 1000


def facts(lacking: Lacking, officer_id: UUID) -> dict[str, Any]:
    """What the entry says that closes a gap: which leaves are put back, and just which of their entries are gone."""
    return {
        "first": str(lacking.first),
        "end": str(lacking.end),
        "root": to_text(lacking.root),
        "missing": str(len(lacking.missing)),
        "missing_sha256": to_text(_sum(lacking.missing)),
        "officer": str(officer_id),
    }


def closes(payload: Mapping[str, Any], first: int, end: int, root: bytes) -> bool:
    """Whether an entry closes the gap between a tree of `first` leaves and the one of `end` that was published."""
    return (payload["first"], payload["end"], payload["root"]) == (str(first), str(end), to_text(root))


def recorded(entry_id: UUID) -> datetime:
    """When an entry was made, by its id (RFC 9562, 5.7)."""
    return datetime.fromtimestamp((entry_id.int >> 80) / MILLISECONDS, UTC)


def _sum(leaves: Iterable[Leaf]) -> bytes:
    return hashlib.sha256(b"".join(record(leaf) for leaf in leaves)).digest()


class Pardon:
    """An entry that closed a gap, held against the leaves without an entry that a passage through the tree meets."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.first, self.end = int(payload["first"]), int(payload["end"])
        self._said = int(payload["missing"]), payload["missing_sha256"]
        self._met = 0
        self._hash = hashlib.sha256()

    def covers(self, index: int) -> bool:
        """Whether a leaf is one that was put back."""
        return self.first <= index < self.end

    def meet(self, leaf: Leaf) -> None:
        """See the next leaf of them that has no entry."""
        self._met += 1
        self._hash.update(record(leaf))

    @property
    def holds(self) -> bool:
        """Whether exactly those are missing that were when the gap was closed."""
        return self._said == (self._met, to_text(self._hash.digest()))
