"""Decisions and the counters of caps in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from msgspec import Struct

from service.decisioning.caps import Counter, Key
from service.decisioning.model import Page
from service.journey import store as journey_store
from service.journey.model import Contacts
from service.journey.store import ContactsQuestion
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load, together

QUERIES = load(__package__)
RECALL = f"WITH contacts AS (\n{journey_store.QUERIES['contacts']}\n)\n{QUERIES['recall']}"
COUNT_AND_STORE = together(QUERIES["count"], QUERIES["store"])


async def revisions(connection: Connection, subjects: Collection[UUID]) -> tuple[Mapping[UUID, int], datetime]:
    """How often each subject's consent has changed (absent once erased), and the time. Read it under the locks."""
    rows = await connection.fetch(QUERIES["revisions"], list(subjects))
    return {row["subject_id"]: row["revision"] for row in rows if row["subject_id"] is not None}, rows[0]["now"]


class Dismissal(Struct, frozen=True):
    """What somebody did not want to see."""

    offer: str
    occurred_at: datetime
    purposes: frozenset[str]
    recorded_at: datetime


class Recall(Struct, frozen=True):
    """What to read: contacts, and of `whose` what they dismissed since then and what counts since `windows` began."""

    contacts: Sequence[ContactsQuestion]
    whose: frozenset[UUID]
    windows: frozenset[datetime]
    dismissed_since: datetime


class Memories(Struct, frozen=True):
    """What was read; counters are as they were without waiting for who is counting."""

    contacts: Sequence[Sequence[Contacts]]
    counters: Mapping[Key, Counter]
    dismissals: Sequence[Dismissal]


async def recall(reader: Reader, batch: Sequence[Recall]) -> list[Memories]:
    """What each of a batch wants to know, in order. One statement."""
    questions = [question for one in batch for question in one.contacts]
    whose = {subject_id for one in batch for subject_id in one.whose}
    windows = {window for one in batch for window in one.windows}
    since = min(one.dismissed_since for one in batch)
    rows = await reader.fetch(RECALL, *journey_store.asked(questions), list(whose), list(windows), since)
    counters: dict[UUID, dict[Key, Counter]] = {subject_id: {} for subject_id in whose}
    dismissals: dict[UUID, list[Dismissal]] = {subject_id: [] for subject_id in whose}
    contacts: list[Row] = []
    for row in rows:
        kind, _, name, _, n, at, _, subject_id, purposes, kept_since = row
        if kind == "contact":
            contacts.append(row)
        elif kind == "counter":
            counters[subject_id][Key(subject_id, name, at)] = Counter(n, frozenset(purposes), kept_since)
        else:
            dismissals[subject_id].append(Dismissal(name, at, frozenset(purposes), kept_since))
    told = iter(journey_store.told(contacts, len(questions)))
    return [
        Memories(
            contacts=[*islice(told, len(one.contacts))],
            counters={key: counter for subject_id in one.whose for key, counter in counters[subject_id].items()},
            dismissals=[dismissal for subject_id in one.whose for dismissal in dismissals[subject_id]],
        )
        for one in batch
    ]


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
