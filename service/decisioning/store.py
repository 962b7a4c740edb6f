"""Decisions in the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from service.decisioning.model import Page
from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def revisions(connection: Connection, subjects: Collection[UUID]) -> tuple[Mapping[UUID, int], datetime]:
    """How often each subject's consent has changed (absent once erased), and the time. Read it under the locks."""
    rows = await connection.fetch(QUERIES["revisions"], list(subjects))
    return {row["subject_id"]: row["revision"] for row in rows if row["subject_id"] is not None}, rows[0]["now"]


async def store(connection: Connection, pages: Sequence[Page]) -> None:
    """Keep the profiled decisions of some pages."""
    kept = [(page, decided) for page in pages for decided in page.decisions]
    if not kept:
        return
    await connection.execute(
        QUERIES["store"],
        [page.subject_id for page, _ in kept],
        [d.decision_id for _, d in kept],
        [page.site for page, _ in kept],
        [d.choice.slot.placement.id for _, d in kept],
        [d.choice.offer.id for _, d in kept],
        [d.stage for _, d in kept],
        [d.choice.mode.value for _, d in kept],
        [d.choice.reason.value for _, d in kept],
        [",".join(str(entry) for entry in d.proof) for _, d in kept],
        [",".join(sorted(d.choice.slot.purposes)) for _, d in kept],
        [d.propensity for _, d in kept],
        [page.bundle for page, _ in kept],
        [d.inputs for _, d in kept],
        [page.decided_at for page, _ in kept],
    )
