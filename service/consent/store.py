"""Consent in the database: the projection that checks read, and the ledger that it folds."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from service.consent.model import ConsentState, Said, Standing, Status
from service.kernel.database import Connection, Reader
from service.kernel.queries import load

QUERIES = load(__package__)


async def standing(reader: Reader, lookups: Iterable[bytes], purposes: Iterable[str]) -> Mapping[bytes, Standing]:
    """Where the active subject behind each lookup stands; strangers and the erased are left out. One statement."""
    rows = await reader.fetch(QUERIES["standing"], list(lookups), list(purposes))
    found: dict[bytes, Standing] = {}
    for row in rows:
        standing = found.setdefault(
            row["lookup"], Standing(subject_id=row["subject_id"], revision=row["revision"], states={})
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
            )
    return found


async def history(reader: Reader, subjects: Sequence[UUID]) -> Mapping[UUID, list[Said]]:
    """Everything that each subject ever said, in no order."""
    found: dict[UUID, list[Said]] = {subject: [] for subject in subjects}
    for row in await reader.fetch(QUERIES["history"], list(subjects)):
        payload = row["payload"]
        found[row["subject_id"]].append(
            Said(
                entry_id=row["entry_id"],
                purpose=payload["purpose"],
                status=Status(payload["status"]),
                effective_at=row["effective_at"],
                recorded_at=row["recorded_at"],
                valid_until=msgspec.convert(payload["valid_until"], Said.__annotations__["valid_until"]),
                notice_id=payload["notice"]["id"],
                notice_version=payload["notice"]["version"],
                gpc=payload["gpc"],
            )
        )
    return found


async def project(connection: Connection, states: Sequence[tuple[UUID, ConsentState]]) -> None:
    """Write where each subject stands on each purpose."""
    await connection.execute(
        QUERIES["project"],
        [subject for subject, _ in states],
        [state.purpose for _, state in states],
        [state.status.value for _, state in states],
        [state.entry_id for _, state in states],
        [state.effective_at for _, state in states],
        [state.valid_until for _, state in states],
        [state.given_since for _, state in states],
        [state.notice_id for _, state in states],
        [state.notice_version for _, state in states],
        [state.gpc for _, state in states],
    )
