"""Decisions in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from service.decisioning.model import Decided
from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def revision(connection: Connection, subject_id: UUID) -> tuple[int | None, datetime]:
    """How often the subject's consent has changed (None once erased), and the time. Read it once the lock is held."""
    (row,) = await connection.fetch(QUERIES["revision"], subject_id)
    return row["revision"], row["now"]


async def store(
    connection: Connection,
    subject_id: UUID,
    site: str,
    bundle: str,
    decided_at: datetime,
    decisions: Sequence[Decided],
) -> None:
    """Keep profiled decisions of one subject."""
    await connection.execute(
        QUERIES["store"],
        subject_id,
        site,
        bundle,
        decided_at,
        [d.decision_id for d in decisions],
        [d.choice.slot.placement.id for d in decisions],
        [d.choice.offer.id for d in decisions],
        [d.stage for d in decisions],
        [d.choice.mode.value for d in decisions],
        [d.choice.reason.value for d in decisions],
        [",".join(str(entry) for entry in d.proof) for d in decisions],
        [",".join(sorted(d.choice.slot.purposes)) for d in decisions],
        [d.propensity for d in decisions],
        [d.inputs for d in decisions],
    )
