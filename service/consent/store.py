"""Consent in the database: the projection that checks read, and the ledger that it folds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from service.consent.model import ConsentState, Objection, RecordedPurpose, Said, Standing, Status
from service.consent.past import HistoryEntry, Past, Restriction, Trail, Turn
from service.consent.repeat import essence
from service.kernel.crypto import to_text
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load

QUERIES = load(__package__)

CONSENT = "consent"
LINK, UNLINK = "link", "unlink"
"""What a known subject's entries say of a browser's subject that joined them."""
TURNS = (LINKED, UNLINKED) = ("linked", "unlinked")
"""What the entries of the browser's own subject say of it."""
PROTECTING = (OBJECTION, RESTRICTION, LIFTED) = ("objection", "restriction", "restriction_lifted")
"""The kinds of entries of the ledger that a check rests on."""
STATUSES = {status.value: status for status in Status}


async def standing(reader: Reader, lookups: Iterable[bytes], purposes: Iterable[str]) -> Mapping[bytes, Standing]:
    """Where the active subject behind each lookup stands; strangers and the erased are left out. One statement."""
    rows = await reader.fetch(QUERIES["standing"], list(lookups), list(purposes))
    found: dict[bytes, Standing] = {}
    states: dict[bytes, dict[str, ConsentState]] = {}
    for lookup, subject_id, revision, restriction, objections, linked, purpose, status, *state in rows:
        if lookup not in found:
            objected = msgspec.convert(objections, list[Objection]) if objections else ()
            states[lookup] = {}
            found[lookup] = Standing(subject_id, revision, states[lookup], objected, restriction, linked)
        if purpose is not None:
            states[lookup][purpose] = ConsentState(purpose, STATUSES[status], *state)
    return found


async def history(reader: Reader, subjects: Sequence[UUID]) -> Mapping[UUID, list[Said]]:
    """Everything that each subject ever said, in no order."""
    rows = await reader.fetch(QUERIES["history"], list(subjects))
    undone = _undone(rows)
    found: dict[UUID, list[Said]] = {subject: [] for subject in subjects}
    for row in rows:
        if row["kind"] == CONSENT:
            found[row["subject_id"]].append(_said(row, undone))
    return found


async def imports(reader: Reader, subjects: Sequence[UUID]) -> Mapping[UUID, dict[bytes | None, RecordedPurpose]]:
    """What imports have recorded of each subject, by its essence."""
    found: dict[UUID, dict[bytes | None, RecordedPurpose]] = {subject: {} for subject in subjects}
    for row in await reader.fetch(QUERIES["imports"], list(subjects)):
        if same := essence(row["payload"]):
            found[row["subject_id"]][same] = msgspec.convert(row["payload"], RecordedPurpose)
    return found


def _undone(rows: Sequence[Row]) -> Mapping[str, datetime]:
    """When each link among these entries was undone."""
    return {row["payload"]["link"]: row["effective_at"] for row in rows if row["kind"] == UNLINK}


def _provenance(row: Row, undone: Mapping[str, datetime]) -> dict[str, Any]:
    """The link that brought an entry, and when it was undone; nothing for what the subject said."""
    link = row["payload"].get("link")
    return {"link": UUID(link), "until": undone.get(link)} if link else {}


def _said(row: Row, undone: Mapping[str, datetime]) -> Said:
    payload = row["payload"]
    return Said(
        entry_id=row["entry_id"],
        purpose=payload["purpose"],
        status=Status(payload["status"]),
        effective_at=row["effective_at"],
        recorded_at=row["recorded_at"],
        valid_until=msgspec.convert(payload["valid_until"], Said.__annotations__["valid_until"]),
        notice_id=payload["notice"]["id"],
        notice_version=payload["notice"]["version"],
        gpc=payload["gpc"],
        guardian_missing=payload.get("minor", False) and not payload["guardian_verified"],
        **_provenance(row, undone),
    )


async def past(reader: Reader, lookups: Iterable[bytes]) -> Mapping[bytes, Trail]:
    """What was ever known of the active subjects that each lookup led to; strangers are left out."""
    rows = await reader.fetch(QUERIES["past"], list(lookups), [CONSENT, *PROTECTING, UNLINK, *TURNS])
    by_subject: dict[tuple[bytes, UUID | None], list[Row]] = {}
    for row in rows:
        by_subject.setdefault((row["lookup"], row["link"]), []).append(row)
    pasts = {led: _past(of_subject) for led, of_subject in by_subject.items()}
    return {
        lookup: Trail(
            home=home,
            turns=[_turn(row) for row in by_subject[lookup, None] if row["kind"] in TURNS],
            known={link: past for (led, link), past in pasts.items() if led == lookup and link is not None},
        )
        for (lookup, to), home in pasts.items()
        if to is None
    }


def _turn(row: Row) -> Turn:
    return Turn(at=row["effective_at"], link=UUID(row["payload"]["link"]) if row["kind"] == LINKED else None)


def _past(rows: Sequence[Row]) -> Past:
    """The past of one subject; of one who has none there is one row without an entry."""
    undone = _undone(rows)
    past = Past(subject_id=rows[0]["subject_id"], revision=rows[0]["revision"], said=[], objections=[], restrictions=[])
    for row in rows:
        if row["kind"] == CONSENT:
            past.said.append(_said(row, undone))
        elif row["kind"] == OBJECTION:
            past.objections.append(_objection(row, undone))
        elif row["kind"] in (RESTRICTION, LIFTED):
            past.restrictions.append(_restriction(row, undone))
    return past


def _objection(row: Row, undone: Mapping[str, datetime]) -> Objection:
    return Objection(
        entry_id=row["entry_id"],
        purpose=row["payload"]["purpose"],
        effective_at=row["effective_at"],
        direct_marketing=row["payload"]["direct_marketing"],
        **_provenance(row, undone),
    )


def _restriction(row: Row, undone: Mapping[str, datetime]) -> Restriction:
    lifted = row["kind"] == LIFTED
    return Restriction(row["entry_id"], row["effective_at"], lifted, **_provenance(row, undone))


async def entries(reader: Reader, lookup: bytes) -> list[HistoryEntry]:
    """The entries of the active subject behind a lookup, the oldest first; none for a stranger or somebody erased."""
    rows = await reader.fetch(QUERIES["entries"], lookup)
    undone = _undone(rows)
    return [
        msgspec.convert(
            {**row["payload"], "commitment": to_text(row["commitment"]), **_provenance(row, undone)}, HistoryEntry
        )
        for row in rows
        if row["kind"] == CONSENT
    ]


async def project(connection: Connection, states: Sequence[tuple[UUID, ConsentState]]) -> None:
    """Write where each subject stands on each purpose."""
    rows = [{"subject_id": subject, **msgspec.structs.asdict(state)} for subject, state in states]
    await connection.execute(QUERIES["project"], rows)


async def retract(connection: Connection, subject_id: UUID, purposes: Sequence[str]) -> None:
    """Forget where a subject stands on purposes of which nothing counts any longer."""
    await connection.execute(QUERIES["retract"], subject_id, list(purposes))
