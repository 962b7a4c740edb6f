"""Touchpoints in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from service.journey.model import Contacts, PastContact
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load

QUERIES = load(__package__)


class Kept(Struct, frozen=True):
    """A touchpoint as it is stored: its purposes are those allowed when it was recorded."""

    subject_id: UUID
    touchpoint_id: UUID
    event: str
    channel: str
    occurred_at: datetime
    recorded_at: datetime
    purposes: tuple[str, ...]
    sentiment: int | None
    properties: bytes | None


class ContactsQuestion(Struct, frozen=True):
    """Which contacts: those kept for a purpose, recorded since it counts (None: ever), up to now.

    Of those up to `expired` only the number and the last are told, not when each was.
    """

    subject_id: UUID
    purpose: str
    since: datetime | None
    expired: datetime
    now: datetime


class Counted(Struct, frozen=True, order=True):
    """What touchpoints are counted by where nothing of anybody may be kept."""

    day: date
    event: str
    channel: str


async def keep(connection: Connection, touchpoints: Sequence[Kept]) -> set[tuple[UUID, UUID]]:
    """Keep touchpoints; returns subject id and touchpoint id of those that were not there yet."""
    if not touchpoints:
        return set()
    rows = await connection.fetch(
        QUERIES["keep"],
        [t.subject_id for t in touchpoints],
        [t.touchpoint_id for t in touchpoints],
        [t.event for t in touchpoints],
        [t.channel for t in touchpoints],
        [t.occurred_at for t in touchpoints],
        [",".join(t.purposes) for t in touchpoints],
        [t.sentiment for t in touchpoints],
        [t.properties for t in touchpoints],
        [t.recorded_at for t in touchpoints],
    )
    return {(row["subject_id"], row["touchpoint_id"]) for row in rows}


async def count(connection: Connection, counts: Mapping[Counted, int]) -> None:
    """Add to the counts of touchpoints without a subject, in the same order whoever adds."""
    if not counts:
        return
    places = sorted(counts)
    await connection.execute(
        QUERIES["count"],
        [place.day for place in places],
        [place.event for place in places],
        [place.channel for place in places],
        [counts[place] for place in places],
    )


async def contacts(reader: Reader, questions: Sequence[ContactsQuestion]) -> list[list[Contacts]]:
    """The contacts that each question asks for, in order."""
    return told(await reader.fetch(QUERIES["contacts"], *asked(questions)), len(questions))


def asked(questions: Sequence[ContactsQuestion]) -> tuple[Sequence[object], ...]:
    """The parameters of the query `contacts`."""
    return (
        [q.subject_id for q in questions],
        [q.purpose for q in questions],
        [q.since for q in questions],
        [q.expired for q in questions],
        [q.now for q in questions],
    )


def told(rows: Iterable[Row], number: int) -> list[list[Contacts]]:
    """The contacts of so many questions, from the rows of the query `contacts`."""
    found = [list[Contacts]() for _ in range(number)]
    for r in rows:
        place: int = r["place"]
        found[place - 1].append(
            Contacts(event=r["event"], channel=r["channel"], count=r["count"], last=r["last"], recent=r["recent"])
        )
    return found


async def remembered(
    reader: Reader,
    subject_id: UUID,
    purposes: Collection[str],
    until: datetime,
    recorded_by: datetime,
    most: int | None = None,
) -> list[PastContact]:
    """A subject's contacts up to a time kept for any of these purposes, and known by another time: in order, the first.

    All of them, unless it is said how many at most.
    """
    rows = await reader.fetch(QUERIES["remembered"], subject_id, list(purposes), until, recorded_by, most)
    return [msgspec.convert(dict(row), PastContact) for row in rows]
