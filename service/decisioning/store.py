"""Decisions and the counters of caps in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from service.decisioning.caps import Counter, Key
from service.decisioning.model import Page
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load, together

QUERIES = load(__package__)
COUNT_AND_STORE = together(QUERIES["count"], QUERIES["store"])


async def revisions(connection: Connection, subjects: Collection[UUID]) -> tuple[Mapping[UUID, int], datetime]:
    """How often each subject's consent has changed (absent once erased), and the time. Read it under the locks."""
    rows = await connection.fetch(QUERIES["revisions"], list(subjects))
    return {row["subject_id"]: row["revision"] for row in rows if row["subject_id"] is not None}, rows[0]["now"]


async def counters(reader: Reader, subjects: Collection[UUID], windows: Collection[datetime]) -> dict[Key, Counter]:
    """The counters of subjects in the windows that began then, which others may be changing."""
    return _counters(await reader.fetch(QUERIES["counters"], list(subjects), list(windows)))


async def take(connection: Connection, wanted: Mapping[Key, Iterable[str]], now: datetime) -> dict[Key, Counter]:
    """Take counters until the end of the transaction; those that were not there begin now, for their purposes."""
    rows = await connection.fetch(
        QUERIES["take"],
        [key.subject_id for key in wanted],
        [key.name for key in wanted],
        [key.window_start for key in wanted],
        [",".join(sorted(purposes)) for purposes in wanted.values()],
        now,
    )
    return _counters(rows)


def _counters(rows: Iterable[Row]) -> dict[Key, Counter]:
    return {
        Key(subject_id, name, window_start): Counter(n, frozenset(purposes), counted_since)
        for subject_id, name, window_start, n, purposes, counted_since in rows
    }


async def count(connection: Connection, counted: Mapping[Key, Counter]) -> None:
    """Write counters that were taken in the same transaction."""
    if counted:
        await connection.execute(QUERIES["count"], _rows_of(counted))


async def store(connection: Connection, pages: Sequence[Page], counted: Mapping[Key, Counter]) -> None:
    """Keep the profiled decisions of some pages, and the counters that they count in."""
    rows = _decisions(pages)
    if counted:
        await connection.execute(COUNT_AND_STORE, _rows_of(counted), rows)
    elif rows:
        await connection.execute(QUERIES["store"], rows)


def _rows_of(counted: Mapping[Key, Counter]) -> list[dict[str, object]]:
    return [
        {
            "subject_id": key.subject_id,
            "name": key.name,
            "window_start": key.window_start,
            "n": counter.n,
            "purposes": sorted(counter.purposes),
            "counted_since": counter.counted_since,
        }
        for key, counter in counted.items()
    ]


def _decisions(pages: Sequence[Page]) -> list[dict[str, object]]:
    return [
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
            "propensity": decided.choice.propensity,
            "learnable": decided.learnable,
            "bundle": page.bundle,
            "inputs": decided.inputs,
            "decided_at": page.decided_at,
        }
        for page in pages
        for decided in page.decisions
    ]
