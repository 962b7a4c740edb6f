"""The verbs that protect: object, restrict, lift. Each counts as a change, so that a decision in flight notices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from service.consent.consequences import Consequences
from service.consent.protection import store
from service.consent.protection.model import (
    Lifted,
    Objected,
    ObjectedPurpose,
    Objecting,
    ObjectionRefused,
    Restricted,
    Restricting,
)
from service.consent.receipts import Receipts
from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.crypto import Signer
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers
from service.kernel.ids import new_id
from service.kernel.problem import Fault, IdempotencyConflict
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger.model import Entry
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle, LegalBasis, Purpose
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.model import Led, Lookup

OPEN_TO_OBJECTION = frozenset({LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTEREST, LegalBasis.PUBLIC_TASK})
"""Art. 21(1); consent is withdrawn rather than objected to, but the wrong word for no is a no all the same."""


class ProtectionDesk:
    """Records what protects a person whatever they consented to."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        answers: Answers,
        signer: Signer,
        issuer: str,
        consequences: Consequences,
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._answers = answers
        self._receipts = Receipts(signer, issuer)
        self._consequences = consequences

    async def object_to(
        self, objecting: Objecting, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Objected:
        """Record an objection to each purpose, also of a stranger: it must be remembered (Art. 21)."""
        lookup = self._subjects.required_of(caller, objecting.subject, cookie)
        bundle = self._policy.current
        purposes = _objectionable(objecting, bundle)
        claim = self._answers.claim(caller, key, "object", objecting, [lookup.name])

        async def work(connection: Connection) -> Objected:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=Objected)
            led, recorded_at = await self._enter(connection, lookup, moment.override)
            objected = await self._object(connection, bundle, purposes, led.subject_id, recorded_at)
            if led.home != led.subject_id:  # a no said through a link is the browser's own too, and outlives the link
                await self._object(connection, bundle, purposes, led.home, recorded_at)
            if claim:
                await self._answers.keep(connection, [(claim, msgspec.json.encode(objected), led.subject_id)])
            return objected

        return await self._database.run("consent.object", work)

    async def restrict(self, restricting: Restricting, moment: Moment) -> Restricted:
        """Stop every use but storage (Art. 18); one that holds already is answered as it is."""
        lookup = self._subjects.lookup(restricting.subject)

        async def work(connection: Connection) -> Restricted:
            (subject_id, _), now = await self._enter(connection, lookup, moment.override)
            if known := await store.restriction(connection, subject_id, own=True):
                return known
            entry = _entry("restriction", subject_id, now, {"bundle": self._policy.current.digest})
            await _append(connection, [entry])
            await store.restrict(connection, subject_id, entry.entry_id, now)
            await self._announce(connection, entry)
            return Restricted(subject_id=subject_id, entry_id=entry.entry_id, since=now)

        return await self._database.run("consent.restrict", work)

    async def lift(self, restricting: Restricting, moment: Moment) -> Lifted:
        """End a restriction; where there is none, nothing happens, which is success too."""
        lookup = self._subjects.lookup(restricting.subject)

        async def work(connection: Connection) -> Lifted:
            entered = await self._subjects.enter(connection, [lookup.hash], at=moment.override)
            subject_id = entered.subjects.get(lookup.hash)
            known = await store.restriction(connection, subject_id) if subject_id else None
            if subject_id is None or known is None:
                return Lifted(subject_id=subject_id, entry_id=None)
            facts = {"lifts": str(known.entry_id), "bundle": self._policy.current.digest}
            entry = _entry("restriction_lifted", subject_id, entered.recorded_at, facts)
            await _append(connection, [entry])
            await store.lift(connection, subject_id)
            await self._announce(connection, entry)
            return Lifted(subject_id=subject_id, entry_id=entry.entry_id)

        return await self._database.run("consent.lift", work)

    async def _announce(self, connection: Connection, entry: Entry, *purposes: str) -> None:
        """Tell recipients what an entry protects its subject from."""
        told = {"entry_id": str(entry.entry_id), "effective_at": ledger_rules.instant(entry.effective_at)}
        named = {"purpose": purposes[0]} if purposes else {}
        await self._consequences.announce_protection(connection, entry.kind, entry.subject_id, named | told, *purposes)

    async def _enter(self, connection: Connection, lookup: Lookup, at: datetime | None) -> tuple[Led, datetime]:
        """The subject behind a lookup, made if there is none, and locked."""
        entered = await self._subjects.enter(connection, [lookup.hash], at=at, arrivals=[(lookup, at)])
        led = entered.led[lookup.hash]
        return led, at or await store.after(connection, led, entered.recorded_at)

    async def _object(
        self, connection: Connection, bundle: Bundle, purposes: list[Purpose], subject_id: UUID, now: datetime
    ) -> Objected:
        entries = [
            _entry(
                "objection",
                subject_id,
                now,
                {"purpose": purpose.id, "direct_marketing": purpose.direct_marketing, "bundle": bundle.digest},
            )
            for purpose in purposes
        ]
        records = [
            ObjectedPurpose(entry_id=entry.entry_id, purpose=purpose.id, effective_at=now, recorded_at=now)
            for entry, purpose in zip(entries, purposes, strict=True)
        ]
        await _append(connection, entries)
        await store.objections(connection, subject_id, records, [purpose.direct_marketing for purpose in purposes])
        for entry, purpose in zip(entries, purposes, strict=True):
            await self._announce(connection, entry, purpose.id)
        await self._consequences.delete(connection, [subject_id])
        receipt = self._receipts.issue(bundle, entries)
        return Objected(subject_id=subject_id, records=records, receipt=receipt)


def _objectionable(objecting: Objecting, bundle: Bundle) -> list[Purpose]:
    """The purposes objected to, each once; raises `ObjectionRefused`: a no that changes nothing must not look heard."""
    if any(purpose not in bundle.purposes for purpose in objecting.purposes):
        message = f"unknown purpose; the active bundle has: {', '.join(sorted(bundle.purposes))}"
        raise ObjectionRefused("Nothing was recorded.", faults=[Fault("$.purposes", message)])
    purposes = [bundle.purposes[purpose] for purpose in dict.fromkeys(objecting.purposes)]
    closed = [p.id for p in purposes if not p.direct_marketing and p.legal_basis not in OPEN_TO_OBJECTION]
    if closed:
        message = f"Article 21 does not reach the legal basis of: {', '.join(closed)}; leave it out"
        raise ObjectionRefused("Nothing was recorded.", faults=[Fault("$.purposes", message)])
    return purposes


def _entry(kind: str, subject_id: UUID, now: datetime, facts: Mapping[str, Any]) -> Entry:
    return ledger_rules.entry(kind, subject_id, new_id(), now, now, facts)


async def _append(connection: Connection, entries: list[Entry]) -> None:
    await ledger.append(connection, entries)
    await subjects_store.bump(connection, {entry.subject_id for entry in entries})
