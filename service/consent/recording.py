"""Group commit of what people say: many records, one transaction, in the lock order of DESIGN section 9."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from service.consent import store
from service.consent.before import Before
from service.consent.consequences import Consequences
from service.consent.linking.rules import parts
from service.consent.model import ConsentState, Method, Recorded, RecordedPurpose, RecordRefused, Said
from service.consent.receipts import Receipts
from service.consent.repeat import essence
from service.consent.revival import require_fresh
from service.consent.statement import Statement
from service.kernel.apart import apart
from service.kernel.batching import Batches
from service.kernel.crypto import Signer
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers, Claim
from service.kernel.ids import new_id
from service.kernel.problem import IdempotencyConflict, Problem
from service.ledger import rules as ledger_rules
from service.ledger.model import Entry
from service.policy.model import Bundle
from service.subjects import store as subjects_store
from service.subjects.commands import Entered, Subjects
from service.subjects.keys.model import KeyringUnavailable, Seals
from service.subjects.model import Led, Lookup
from service.subjects.suppressions.commands import erased_before
from service.subjects.suppressions.model import Suppressed

CONSENT = "consent"
LANES = 4
"""Batches at once: a person whose lock is held keeps only those of their own batch waiting."""
NOTHING = Recorded(subject_id=None, records=[], receipt=None)
"""The answer where nothing is recorded: alike for people who are known and who are not."""

type_of_outcome = Recorded | IdempotencyConflict


class Utterance(Struct, frozen=True):
    """A statement on its way into the ledger. `admits`: it makes a subject of a stranger, as no withdrawal does."""

    statement: Statement
    lookup: Lookup
    claim: Claim | None
    at: datetime | None
    admits: bool


class _Written(Struct, frozen=True):
    """What one utterance adds."""

    recorded: Recorded
    entries: list[Entry]
    states: dict[tuple[UUID, str], ConsentState]


class _Impossible(Exception):
    """Utterances that cannot be recorded by this transaction, each with the reason."""

    def __init__(self, utterances: Sequence[tuple[Utterance, Problem]]) -> None:
        super().__init__()
        self.utterances = utterances


class Recorder:
    """Writes utterances to the ledger and its projection; one that was answered before is answered again."""

    def __init__(
        self,
        *,
        database: Database,
        subjects: Subjects,
        answers: Answers,
        signer: Signer,
        issuer: str,
        consequences: Consequences,
    ) -> None:
        self._database = database
        self._subjects = subjects
        self._answers = answers
        self._receipts = Receipts(signer, issuer)
        self._consequences = consequences
        self._batches: Batches[Utterance, Recorded] = Batches(apart(self._write, _whose), lanes=LANES)

    async def record(self, utterance: Utterance) -> Recorded:
        """Record in the next batch; returns once it is durable."""
        return await self._batches.answer(utterance)

    async def close(self) -> None:
        """Take nothing new, and return when all that waited is durable."""
        await self._batches.close()

    async def _write(self, batch: Sequence[Utterance], patient: bool) -> list[Recorded | BaseException]:
        """One transaction, and for keys that stand in the batch more than once another for whoever came later."""
        first: dict[bytes | int, int] = {}
        for place, utterance in enumerate(batch):
            first.setdefault(utterance.claim.key_hash if utterance.claim else place, place)
        now = sorted(first.values())
        later = [place for place in range(len(batch)) if place not in set(now)]

        outcomes = await self._write_now({place: batch[place] for place in now}, patient)
        if later:  # what has been written stays answered, whatever becomes of these
            (more,) = await asyncio.gather(
                self._write([batch[place] for place in later], patient), return_exceptions=True
            )
            failed = isinstance(more, BaseException)
            outcomes |= dict.fromkeys(later, more) if failed else dict(zip(later, more, strict=True))
        return [outcomes[place] for place in range(len(batch))]

    async def _write_now(self, waiting: Mapping[int, Utterance], patient: bool) -> dict[int, Recorded | BaseException]:
        """One transaction for all; those that it finds impossible leave no trace, and it runs again without them."""
        left: dict[int, Utterance] = dict(waiting)
        outcomes: dict[int, Recorded | BaseException] = {}

        async def work(connection: Connection) -> list[type_of_outcome]:
            return await self._transact(connection, list(left.values()))

        while left:
            try:
                written = await self._database.run_batch("consent.record", work, patient=patient)
                return outcomes | dict(zip(left, written, strict=True))
            except _Impossible as impossible:
                found = {place: problem for u, problem in impossible.utterances for place in left if left[place] is u}
                outcomes |= found
                left = {place: utterance for place, utterance in left.items() if place not in found}
        return outcomes

    async def _transact(self, connection: Connection, batch: Sequence[Utterance]) -> list[type_of_outcome]:
        claims = [utterance.claim for utterance in batch if utterance.claim]
        earlier = await self._answers.earlier(connection, claims)
        new = [u for u in batch if u.claim is None or u.claim.key_hash not in earlier]
        written = iter(await self._append(connection, new) if new else [])
        outcomes: list[type_of_outcome] = []
        for utterance in batch:
            known = earlier.get(utterance.claim.key_hash) if utterance.claim else None
            if known is None:
                outcomes.append(next(written))
            elif isinstance(known, IdempotencyConflict):
                outcomes.append(known)
            else:
                outcomes.append(msgspec.json.decode(known, type=Recorded))
        return outcomes

    async def _append(self, connection: Connection, batch: Sequence[Utterance]) -> list[Recorded]:
        """Lock the subjects, fold each utterance into its subject's history, write everything in one go."""
        histories: dict[UUID, list[Said]] = {}

        async def gather(connection: Connection, lookups: Collection[bytes]) -> tuple[datetime, Mapping[bytes, Led]]:
            gathered = await store.gather(connection, lookups)
            histories.update(gathered.histories)
            return gathered.now, gathered.led

        entered = await self._enter(connection, batch, gather)
        written = await self._say(connection, batch, entered, histories)
        await self._save(connection, written, entered.new)
        kept = [(u.claim, w.recorded) for u, w in zip(batch, written, strict=True) if u.claim]
        await self._answers.keep(
            connection, [(claim, msgspec.json.encode(recorded), recorded.subject_id) for claim, recorded in kept]
        )
        return [one.recorded for one in written]

    async def _enter(
        self, connection: Connection, batch: Sequence[Utterance], confirm: subjects_store.type_of_confirm
    ) -> Entered:
        """Lock whom a batch is about, with the keys of strangers and of whoever gives evidence.

        Raises `_Impossible` for whom keys are needed while they cannot be reached.
        """
        hashes = {utterance.lookup.hash for utterance in batch}
        arrivals = [(utterance.lookup, utterance.at) for utterance in batch if utterance.admits]
        evident = {utterance.lookup.hash for utterance in batch if utterance.statement.evidence}
        try:
            return await self._subjects.enter(connection, hashes, arrivals=arrivals, evident=evident, confirm=confirm)
        except KeyringUnavailable as problem:
            known = await subjects_store.resolve(connection, hashes)
            keyless = [u for u in batch if u.lookup.hash in evident or (u.admits and u.lookup.hash not in known)]
            raise _Impossible([(u, problem) for u in keyless]) from problem

    async def _say(
        self,
        connection: Connection,
        batch: Sequence[Utterance],
        entered: Entered,
        histories: Mapping[UUID, list[Said]],
    ) -> list[_Written]:
        """What each utterance adds to what was said before; raises `_Impossible` for those that cannot be recorded."""
        erased = await self._erased(connection, batch, entered)
        importing = [u.lookup.hash for u in batch if u.statement.method is Method.IMPORT]
        imported = {subject for lookup in importing for subject in entered.led.get(lookup, ())}
        before = Before(histories, await store.imports(connection, list(imported)) if imported else {}, {})
        written: list[_Written] = []
        impossible: list[tuple[Utterance, Problem]] = []
        for utterance in batch:
            led = entered.led.get(utterance.lookup.hash)
            try:
                said = self._said(utterance, led, before, entered) if led else _Written(NOTHING, [], {})
                require_fresh(utterance.statement, said.recorded, erased.get(utterance.lookup.hash))
                written.append(said)
            except (RecordRefused, Suppressed) as problem:
                impossible.append((utterance, problem))
        if impossible:
            raise _Impossible(impossible)
        return written

    async def _erased(
        self, connection: Connection, batch: Sequence[Utterance], entered: Entered
    ) -> Mapping[bytes, datetime]:
        """When those were erased for whom a subject has just been made; whoever was known is not asked about."""
        made = [u.lookup for u in batch if (led := entered.led.get(u.lookup.hash)) and led.subject_id in entered.new]
        return await erased_before(connection, self._subjects, made) if made else {}

    def _said(self, utterance: Utterance, led: Led, before: Before, entered: Entered) -> _Written:
        """What an utterance adds to what its subjects said before, which it extends for the ones behind it."""
        entries: list[Entry] = []
        states: dict[tuple[UUID, str], ConsentState] = {}
        records: dict[str, RecordedPurpose] = {}
        for subject_id, statement in parts(utterance.statement, led):
            imports = before.imports.get(subject_id, {})
            evidence = _sealed_evidence(statement, subject_id, entered.seals)
            recorded_at = utterance.at or before.after(subject_id, entered.recorded_at)
            new: list[Said] = []
            for event in statement.events(before.states(subject_id), recorded_at, new_id):
                facts = statement.facts(event)
                same = essence(facts)
                if same in imports:
                    records.setdefault(event.purpose, imports[same])
                    continue
                new.append(event)
                entries.append(_entry(subject_id, event, facts, evidence))
                record = records.setdefault(event.purpose, _record(event, dormant=subject_id != led.subject_id))
                if same:
                    imports[same] = record
            states |= {(subject_id, state.purpose): state for state in before.extend(subject_id, new)}
        return self._written(utterance.statement.bundle, led, entries, states, list(records.values()))

    def _written(
        self,
        bundle: Bundle,
        led: Led,
        entries: list[Entry],
        states: dict[tuple[UUID, str], ConsentState],
        records: list[RecordedPurpose],
    ) -> _Written:
        """What is answered: with a receipt for what is new, without one where an import is on record already."""
        if not entries:
            answer = Recorded(subject_id=led.subject_id, records=records, receipt=None) if records else NOTHING
            return _Written(answer, [], {})
        receipt = self._receipts.issue(bundle, entries)
        return _Written(Recorded(subject_id=entries[0].subject_id, records=records, receipt=receipt), entries, states)

    async def _save(self, connection: Connection, written: Sequence[_Written], new: Collection[UUID]) -> None:
        entries = [entry for one in written for entry in one.entries]
        if not entries:
            return
        states = {place: state for one in written for place, state in one.states.items()}
        await store.save(connection, entries, [(subject_id, state) for (subject_id, _), state in states.items()])
        await self._consequences.follow(connection, entries, states, new)


def _sealed_evidence(statement: Statement, subject_id: UUID, seals: Seals) -> tuple[bytes, bytes] | None:
    if not statement.evidence:
        return None
    plain = msgspec.json.encode(statement.evidence, order="sorted")
    return plain, seals.seal("ledger_entries", "evidence", subject_id, plain)


def _whose(utterance: Utterance) -> bytes:
    return utterance.lookup.hash


def _entry(subject_id: UUID, event: Said, facts: Mapping[str, Any], evidence: tuple[bytes, bytes] | None) -> Entry:
    return ledger_rules.entry(
        CONSENT, subject_id, event.entry_id, event.effective_at, event.recorded_at, facts, evidence
    )


def _record(event: Said, *, dormant: bool) -> RecordedPurpose:
    return RecordedPurpose(
        entry_id=event.entry_id,
        purpose=event.purpose,
        status=event.status,
        effective_at=event.effective_at,
        recorded_at=event.recorded_at,
        valid_until=event.valid_until,
        dormant=dormant,
    )
