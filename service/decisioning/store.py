"""Decisions in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from service.decisioning.model import Decided
from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def revision(connection: Connection, subject_id: UUID) -> int | None:
    """How often the subject's consent has changed; None once erased. Read it after the subject's lock is held."""
    return await connection.fetchval(QUERIES["revision"], subject_id)


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
        decisions[0].stage,
        bundle,
        decided_at,
        [d.decision_id for d in decisions],
        [d.choice.placement.id for d in decisions],
        [d.choice.offer.id for d in decisions],
        [d.choice.mode.value for d in decisions],
        [d.choice.reason.value for d in decisions],
        [",".join(str(entry) for entry in d.proof) for d in decisions],
        [",".join(sorted(d.choice.purposes)) for d in decisions],
        [d.propensity for d in decisions],
        [d.inputs for d in decisions],
    )
