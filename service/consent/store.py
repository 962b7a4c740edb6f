"""Consent in the database: the projection that checks read, and the ledger that it folds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from service.consent.model import ConsentState, NoticeVersion, Objection, RecordedPurpose, Said, Standing, Status
from service.consent.past import HistoryEntry, Past, Restriction, Trail, Turn
from service.consent.repeat import essence
from service.kernel.crypto import to_text
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load, together
from service.ledger import store as ledger
from service.ledger.model import Entry
from service.subjects import store as subjects_store
from service.subjects.model import Led

QUERIES = load(__package__)
SAVE = together(QUERIES["project"], subjects_store.QUERIES["bump"], ledger.QUERIES["append"])

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
    return _standings(await reader.fetch(QUERIES["standing"], list(lookups), list(purposes)))


async def standing_of(reader: Reader, subjects: Iterable[UUID], purposes: Iterable[str]) -> Mapping[UUID, Standing]:
    """The same of subjects who are known without an identifier."""
    return _standings(await reader.fetch(QUERIES["standing_of"], list(subjects), list(purposes)))


def _standings(rows: Sequence[Row]) -> dict[Any, Standing]:
    """Where subjects stand, each by the name that its rows begin with."""
    found: dict[Any, Standing] = {}
    states: dict[Any, dict[str, ConsentState]] = {}
    for name, subject_id, revision, restriction, objections, linked, purpose, status, *state in rows:
        if name not in found:
            objected = msgspec.convert(objections, list[Objection]) if objections else ()
            states[name] = {}
            found[name] = Standing(subject_id, revision, states[name], objected, restriction, linked)
        if purpose is not None:
            states[name][purpose] = ConsentState(purpose, STATUSES[status], *state)
    return found


async def given(reader: Reader, subject_id: UUID, entries: Iterable[UUID]) -> Mapping[str, tuple[UUID, datetime]]:
    """By purpose which of these entries of a subject is on it, and when it took effect."""
    rows = await reader.fetch(QUERIES["given"], subject_id, list(entries))
    return {row["purpose"]: (row["entry_id"], row["effective_at"]) for row in rows}


class _Decision(Struct, frozen=True, tag_field="kind", tag=CONSENT):
    """What a fold needs of an entry on consent."""

    entry_id: UUID
    purpose: str
    status: Status
    effective_at: datetime
    recorded_at: datetime
    valid_until: datetime | None
    notice: NoticeVersion
    gpc: bool
    minor: bool = False
    guardian_verified: bool = False
    link: UUID | None = None

    def said(self, undone: Mapping[UUID, datetime]) -> Said:
        """The event that this is, by the links that were undone."""
        return Said(
            entry_id=self.entry_id,
            purpose=self.purpose,
            status=self.status,
            effective_at=self.effective_at,
            recorded_at=self.recorded_at,
            valid_until=self.valid_until,
            notice_id=self.notice.id,
            notice_version=self.notice.version,
            gpc=self.gpc,
            guardian_missing=self.minor and not self.guardian_verified,
            link=self.link,
            until=undone.get(self.link) if self.link else None,
        )


class _Undone(Struct, frozen=True, tag_field="kind", tag=UNLINK):
    """A link that was undone, and when."""

    link: UUID
    effective_at: datetime


_payload = msgspec.json.Decoder(_Decision | _Undone)


class Gathered(Struct, frozen=True):
    """The database's clock, whom lookups lead to, and everything that each of those subjects ever said, in no order."""

    now: datetime
    led: Mapping[bytes, Led]
    histories: Mapping[UUID, list[Said]]


async def gather(reader: Reader, lookups: Collection[bytes]) -> Gathered:
    """Read once the locks are held (step 5 of DESIGN section 9). One statement."""
    rows = await reader.fetch(QUERIES["gather"], list(lookups))
    led = {lookup: Led(subject_id, home) for _, lookup, subject_id, home, _, _ in rows if lookup is not None}
    told: dict[UUID, dict[str, _Decision | _Undone]] = {subject: {} for ends in led.values() for subject in ends}
    for *_, speaker, payload in rows:
        if speaker is not None and payload not in told[speaker]:  # again for each lookup that leads to them
            told[speaker][payload] = _payload.decode(payload)
    return Gathered(rows[0]["now"], led, {subject: _history(of.values()) for subject, of in told.items()})


def _history(told: Collection[_Decision | _Undone]) -> list[Said]:
    undone = {one.link: one.effective_at for one in told if isinstance(one, _Undone)}
    return [one.said(undone) for one in told if isinstance(one, _Decision)]


async def imports(reader: Reader, subjects: Sequence[UUID]) -> Mapping[UUID, dict[bytes | None, RecordedPurpose]]:
    """What imports have recorded of each subject, by its essence."""
    found: dict[UUID, dict[bytes | None, RecordedPurpose]] = {subject: {} for subject in subjects}
    for row in await reader.fetch(QUERIES["imports"], list(subjects)):
        if same := essence(row["payload"]):
            found[row["subject_id"]][same] = msgspec.convert(row["payload"], RecordedPurpose)
    return found


def _undone(rows: Sequence[Row]) -> Mapping[UUID, datetime]:
    """When each link among these entries was undone."""
    return {UUID(row["payload"]["link"]): row["effective_at"] for row in rows if row["kind"] == UNLINK}


def _provenance(row: Row, undone: Mapping[UUID, datetime]) -> dict[str, Any]:
    """The link that brought an entry, and when it was undone; nothing for what the subject said."""
    link = row["payload"].get("link")
    return {"link": UUID(link), "until": undone.get(UUID(link))} if link else {}


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
            past.said.append(msgspec.convert(row["payload"], _Decision).said(undone))
        elif row["kind"] == OBJECTION:
            past.objections.append(_objection(row, undone))
        elif row["kind"] in (RESTRICTION, LIFTED):
            past.restrictions.append(_restriction(row, undone))
    return past


def _objection(row: Row, undone: Mapping[UUID, datetime]) -> Objection:
    return Objection(
        entry_id=row["entry_id"],
        purpose=row["payload"]["purpose"],
        effective_at=row["effective_at"],
        direct_marketing=row["payload"]["direct_marketing"],
        **_provenance(row, undone),
    )


def _restriction(row: Row, undone: Mapping[UUID, datetime]) -> Restriction:
    lifted = row["kind"] == LIFTED
    return Restriction(row["entry_id"], row["effective_at"], lifted, **_provenance(row, undone))


async def entries(reader: Reader, lookup: bytes) -> list[HistoryEntry]:
    """The entries of the active subject behind a lookup, the oldest first; none for a stranger or somebody erased."""
    rows = await reader.fetch(QUERIES["entries"], lookup)
    undone = _undone(rows)
    return [_entry(row, undone) for row in rows if row["kind"] == CONSENT]


def _entry(row: Row, undone: Mapping[UUID, datetime]) -> HistoryEntry:
    told = {"commitment": to_text(row["commitment"]), "leaf_index": row["leaf_index"]}
    return msgspec.convert({**row["payload"], **told, **_provenance(row, undone)}, HistoryEntry)


async def save(connection: Connection, entries: Sequence[Entry], states: Sequence[tuple[UUID, ConsentState]]) -> None:
    """Append entries, write where they leave their subjects, and count the change (step 7). One statement."""
    await connection.execute(SAVE, _rows(states), list({entry.subject_id for entry in entries}), entries)


async def project(connection: Connection, states: Sequence[tuple[UUID, ConsentState]]) -> None:
    """Write where each subject stands on each purpose."""
    await connection.execute(QUERIES["project"], _rows(states))


def _rows(states: Sequence[tuple[UUID, ConsentState]]) -> list[dict[str, Any]]:
    return [{"subject_id": subject, **msgspec.structs.asdict(state)} for subject, state in states]


async def retract(connection: Connection, subject_id: UUID, purposes: Sequence[str]) -> None:
    """Forget where a subject stands on purposes of which nothing counts any longer."""
    await connection.execute(QUERIES["retract"], subject_id, list(purposes))
