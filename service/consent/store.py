"""Consent in the database: the projection that checks read, and the ledger that it folds."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from service.consent.model import ConsentState, Objection, Said, Standing, Status
from service.consent.past import HistoryEntry, Past, Restriction
from service.kernel.crypto import to_text
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load

QUERIES = load(__package__)

CONSENT = "consent"
PROTECTING = (OBJECTION, RESTRICTION, LIFTED) = ("objection", "restriction", "restriction_lifted")
"""The kinds of entries of the ledger that a check rests on."""


async def standing(reader: Reader, lookups: Iterable[bytes], purposes: Iterable[str]) -> Mapping[bytes, Standing]:
    """Where the active subject behind each lookup stands; strangers and the erased are left out. One statement."""
    rows = await reader.fetch(QUERIES["standing"], list(lookups), list(purposes))
    found: dict[bytes, Standing] = {}
    for row in rows:
        standing = found.setdefault(
            row["lookup"],
            Standing(
                subject_id=row["subject_id"],
                revision=row["revision"],
                states={},
                objections=msgspec.convert(row["objections"] or [], list[Objection]),
                restriction=row["restriction"],
            ),
        )
        if row["purpose"] is not None:
            states: dict[str, ConsentState] = standing.states  # pyright: ignore[reportAssignmentType] - filled here only
            states[row["purpose"]] = ConsentState(
                purpose=row["purpose"],
                status=Status(row["status"]),
                entry_id=row["entry_id"],
                effective_at=row["effective_at"],
                valid_until=row["valid_until"],
                given_since=row["given_since"],
                notice_id=row["notice_id"],
                notice_version=row["notice_version"],
                gpc=row["gpc"],
                guardian_missing=row["guardian_missing"],
            )
    return found


async def history(reader: Reader, subjects: Sequence[UUID]) -> Mapping[UUID, list[Said]]:
    """Everything that each subject ever said, in no order."""
    found: dict[UUID, list[Said]] = {subject: [] for subject in subjects}
    for row in await reader.fetch(QUERIES["history"], list(subjects)):
        found[row["subject_id"]].append(_said(row))
    return found


def _said(row: Row) -> Said:
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
    )


async def past(reader: Reader, lookups: Iterable[bytes]) -> Mapping[bytes, Past]:
    """What was ever known of the active subject behind each lookup; strangers and the erased are left out."""
    found: dict[bytes, Past] = {}
    for row in await reader.fetch(QUERIES["past"], list(lookups), [CONSENT, *PROTECTING]):
        past = found.setdefault(
            row["lookup"],
            Past(subject_id=row["subject_id"], revision=row["revision"], said=[], objections=[], restrictions=[]),
        )
        if row["kind"] == CONSENT:
            past.said.append(_said(row))
        elif row["kind"] == OBJECTION:
            past.objections.append(_objection(row))
        else:
            lifted = row["kind"] == LIFTED
            past.restrictions.append(Restriction(row["entry_id"], row["effective_at"], lifted))
    return found


def _objection(row: Row) -> Objection:
    return Objection(
        entry_id=row["entry_id"],
        purpose=row["payload"]["purpose"],
        effective_at=row["effective_at"],
        direct_marketing=row["payload"]["direct_marketing"],
    )


async def entries(reader: Reader, lookup: bytes) -> list[HistoryEntry]:
    """The entries of the active subject behind a lookup, the oldest first; none for a stranger or somebody erased."""
    return [
        msgspec.convert({**row["payload"], "commitment": to_text(row["commitment"])}, HistoryEntry)
        for row in await reader.fetch(QUERIES["past"], [lookup], [CONSENT])
    ]


async def project(connection: Connection, states: Sequence[tuple[UUID, ConsentState]]) -> None:
    """Write where each subject stands on each purpose."""
    rows = [{"subject_id": subject, **msgspec.structs.asdict(state)} for subject, state in states]
    await connection.execute(QUERIES["project"], rows)
