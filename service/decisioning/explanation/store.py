"""What an explanation needs of a decision."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Reader
from service.kernel.queries import load

QUERIES = load(__package__)


class Stored(Struct, frozen=True):
    """A decision as it is stored, its inputs sealed; None where they are gone."""

    subject_id: UUID
    decision_id: UUID
    site: str
    placement: str
    offer: str
    stage: str | None
    mode: str
    reason: str
    proof: tuple[UUID, ...]
    purposes: tuple[str, ...]
    propensity: float
    bundle: str
    inputs: bytes | None
    decided_at: datetime
    emptied_at: datetime | None


async def decision(reader: Reader, decision_id: UUID) -> Stored | None:
    """A decision; None for one that there is not, or that went with an erased person."""
    row = await reader.fetchrow(QUERIES["decision"], decision_id)
    return Stored(**row) if row else None
