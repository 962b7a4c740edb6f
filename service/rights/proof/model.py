"""The nouns of a proof that was kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """Why an officer opens a proof, such as the number of a claim."""

    reason: Annotated[str, Meta(min_length=1, max_length=4000)]

    def __repr__(self) -> str:
        return "Opening(…)"


class Kept(Struct, frozen=True):
    """A proof as it is stored; `asked_by` has asked to open it and waits for another officer."""

    subject_id: UUID
    entry_id: UUID
    sealed: bytes
    keep_until: datetime
    asked_by: UUID | None
    asked_at: datetime | None


class Proof(Struct, frozen=True):
    """What an entry said before it was emptied; payload and salt make the commitment that the ledger has of it."""

    erased_at: datetime
    payload: Mapping[str, Any]
    salt: str
    lookups: list[str]

    def __repr__(self) -> str:
        return "Proof(…)"


class Opened(Struct, frozen=True):
    """A proof, once two officers have asked for it; null for the first of them."""

    entry_id: UUID
    keep_until: datetime
    proof: Proof | None


class ProofMissing(Problem):
    """No proof of this consent is kept."""

    slug = "proof-missing"
    status = 404
