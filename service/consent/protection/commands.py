"""The verbs that protect: object, restrict, lift. Each counts as a change, so that a decision in flight notices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from service.consent.consequences import Consequences
from service.consent.protection import store
from service.consent.protection.announcing import announce
from service.consent.protection.model import (
    Lifted,
    Objected,
    ObjectedPurpose,
    Objecting,
    ObjectionRefused,
    Restricted,
    Restricting,
    Telling,
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
from service.subjects.commands import Entered, Subjects
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
        purposes = objectionable(objecting.purposes, self._policy.current)
        claim = self._answers.claim(caller, key, "object", objecting, [lookup.name])

        async def work(connection: Connection) -> Objected:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=Objected)
            led, objected = await self._objected(connection, [lookup], purposes, moment.override)
            subject_id = led[lookup.hash].subject_id
            if claim:
                answer = msgspec.json.encode(objected[subject_id])
                await self._answers.keep(connection, [(claim, answer, subject_id)])
            return objected[subject_id]

        return await self._database.run("consent.object", work)

    async def objected(
        self, connection: Connection, lookups: Sequence[Lookup], purposes: Sequence[Purpose], at: datetime | None
    ) -> None:
        """The same for several identifiers of one person, in the caller's transaction, which has taken no lock yet."""
        await self._objected(connection, lookups, purposes, at)

    async def _objected(
        self, connection: Connection, lookups: Sequence[Lookup], purposes: Sequence[Purpose], at: datetime | None
    ) -> tuple[Mapping[bytes, Led], Mapping[UUID, Objected]]:
        """Whom the lookups lead to and whose own they are, and what was recorded of each of these.

        A no said through a link is the browser's own too, and outlives the link.
        """
        bundle = self._policy.current
        led, now = await self._enter(connection, lookups, at)
        ends = dict.fromkeys(end for one in led.values() for end in one)
        return led, {end: await self._object(connection, bundle, purposes, end, now) for end in ends}

    async def restrict(self, restricting: Restricting, moment: Moment) -> Restricted:
        """Stop every use but storage (Art. 18); one that holds already is answered as it is."""
        lookup = self._subjects.lookup(restricting.subject)

        async def work(connection: Connection) -> Restricted:
            led, now = await self._enter(connection, [lookup], moment.override)
            return await self._restrict(connection, led[lookup.hash].subject_id, now)

        return await self._database.run("consent.restrict", work)

    async def restricted(self, connection: Connection, lookups: Sequence[Lookup], at: datetime | None) -> None:
        """The same for several identifiers of one person, in the caller's transaction, which has taken no lock yet."""
        led, now = await self._enter(connection, lookups, at)
        for end in dict.fromkeys(end for one in led.values() for end in one):
            await self._restrict(connection, end, now)

    async def _restrict(self, connection: Connection, subject_id: UUID, now: datetime) -> Restricted:
        if known := await store.restriction(connection, subject_id, own=True):
            return known
        bundle = self._policy.current
        entry = _entry("restriction", subject_id, now, {"bundle": bundle.digest})
        await _append(connection, [entry])
        await store.restrict(connection, subject_id, entry.entry_id, now)
        await announce(connection, bundle, entry)
        return Restricted(subject_id=subject_id, entry_id=entry.entry_id, since=now)

    async def lift(self, telling: Telling, moment: Moment) -> Lifted:
        """End a restriction, and keep how the person was told; where there is none nothing happens, also a success."""
        lookup = self._subjects.lookup(telling.subject)

        async def work(connection: Connection) -> Lifted:
            entered = await self._subjects.enter(connection, [lookup.hash], at=moment.override, evident=[lookup.hash])
            subject_id = entered.subjects.get(lookup.hash)
            entry_id = await self._lift(connection, subject_id, entered, telling.told) if subject_id else None
            return Lifted(subject_id=subject_id, entry_id=entry_id)

        return await self._database.run("consent.lift", work)

    async def lifted(
        self, connection: Connection, lookups: Sequence[bytes], at: datetime | None, told: str | None
    ) -> None:
        """The same for several identifiers of one person, in the caller's transaction, which has taken no lock yet."""
        entered = await self._subjects.enter(connection, lookups, at=at, evident=lookups)
        for end in dict.fromkeys(end for one in entered.led.values() for end in one):
            await self._lift(connection, end, entered, told)

    async def _lift(self, connection: Connection, subject_id: UUID, entered: Entered, told: str | None) -> UUID | None:
        known = await store.restriction(connection, subject_id)
        if known is None:
            return None
        bundle, now = self._policy.current, entered.recorded_at
        evidence = None
        if told and subject_id in entered.seals:
            plain = msgspec.json.encode({"told": told})
            evidence = plain, entered.seals.seal("ledger_entries", "evidence", subject_id, plain)
        facts = {"lifts": str(known.entry_id), "bundle": bundle.digest}
        entry = ledger_rules.entry("restriction_lifted", subject_id, new_id(), now, now, facts, evidence)
        await _append(connection, [entry])
        await store.lift(connection, subject_id)
        await announce(connection, bundle, entry)
        return entry.entry_id

    async def _enter(
        self, connection: Connection, lookups: Sequence[Lookup], at: datetime | None
    ) -> tuple[Mapping[bytes, Led], datetime]:
        """The subjects behind lookups, made where there are none, and locked."""
        arrivals = [(lookup, at) for lookup in lookups]
        entered = await self._subjects.enter(connection, [lookup.hash for lookup in lookups], at=at, arrivals=arrivals)
        ends = {end for led in entered.led.values() for end in led}
        return entered.led, at or await store.after(connection, ends, entered.recorded_at)

    async def _object(
        self, connection: Connection, bundle: Bundle, purposes: Sequence[Purpose], subject_id: UUID, now: datetime
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
        await self._consequences.delete(connection, [subject_id])
        for entry, purpose in zip(entries, purposes, strict=True):
            await announce(connection, bundle, entry, purpose.recipients)
        receipt = self._receipts.issue(bundle, entries)
        return Objected(subject_id=subject_id, records=records, receipt=receipt)


def objectionable(named: Sequence[str], bundle: Bundle) -> list[Purpose]:
    """The purposes objected to, each once; raises `ObjectionRefused`: a no that changes nothing must not look heard."""
    if any(purpose not in bundle.purposes for purpose in named):
        message = f"unknown purpose; the active bundle has: {', '.join(sorted(bundle.purposes))}"
        raise ObjectionRefused("Nothing was recorded.", faults=[Fault("$.purposes", message)])
    purposes = [bundle.purposes[purpose] for purpose in dict.fromkeys(named)]
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
