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
    rows = [
        {
            "subject_id": page.subject_id,
            "decision_id": decided.decision_id,
            "site": page.site,
            "placement": decided.choice.slot.placement.id,
            "offer": decided.choice.offer.id,
            "stage": decided.stage,
            "mode": decided.choice.mode,
            "reason": decided.choice.reason,
            "proof": decided.proof,
            "purposes": sorted(decided.choice.slot.purposes),
            "propensity": decided.propensity,
            "bundle": page.bundle,
            "inputs": decided.inputs,
            "decided_at": page.decided_at,
        }
        for page in pages
        for decided in page.decisions
    ]
    if rows:
        await connection.execute(QUERIES["store"], rows)
