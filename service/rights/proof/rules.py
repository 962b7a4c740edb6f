"""Who opens a proof: two officers, each with a reason, within a day."""

from datetime import datetime, timedelta
from uuid import UUID

from service.rights.proof.model import Kept

TOGETHER = timedelta(days=1)
"""How long an officer who asked waits for another one."""


def opens(kept: Kept, officer_id: UUID, now: datetime) -> bool:
    """Whether another officer has asked before this one, and not too long ago."""
    waits = kept.asked_at is not None and now < kept.asked_at + TOGETHER
    return waits and kept.asked_by != officer_id
