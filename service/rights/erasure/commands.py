"""The saga of an erasure: eight steps, each remembered with what it did, so that whoever comes next goes on there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

import msgspec

from service.kernel import outbox
from service.kernel.clock import Moment, system_now
from service.kernel.crypto import Signer, to_text
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap, Person
from service.kernel.log import crash, event
from service.kernel.outbox import Message
from service.kernel.problem import Unavailable
from service.ledger.rules import instant
from service.policy.commands import ActivePolicy
from service.recipients import store as recipients
from service.recipients.model import Did, Outcome
from service.rights import store as requests
from service.rights.erasure import certificate, store
from service.rights.erasure.certificate import Kept
from service.rights.erasure.erasing import ERASURE, Eraser
from service.rights.erasure.model import Erased, Notes, Notified, Shredded, Step
from service.rights.erasure.rules import ending
from service.rights.erasure.scan import REST, Tell, nobody
from service.rights.erasure.scanning import Scanning
from service.rights.erasure.steps import Done, Steps, Tasks, erased, notified, scanned, shredded
from service.rights.holds import store as holds
from service.rights.holds.ending import EndOfHolds
from service.rights.journal.file import Journal
from service.rights.journal.model import JournalRefused, Line
from service.rights.letters.commands import Letters
from service.rights.letters.model import Facts, Kind
from service.rights.model import Progress, RightsRequest
from service.rights.moving import move
from service.rights.rules import found
from service.subjects.commands import Subjects
from service.subjects.keys import store as keys_store
from service.subjects.keys.commands import shred
from service.subjects.keys.model import KeyringUnavailable, Promises
from service.subjects.suppressions import commands as suppressions
from service.subjects.suppressions import store as suppressions_store

BEFORE_ALL = UUID(int=0)
AT_ONCE = 1000
"""Erasures that the worker takes through the steps together: one scan looks for what is left of all of them."""
LANES = 2
"""Erasures at the same moment; more would take the processors from whoever asks meanwhile."""


Doing = Callable[[UUID, Moment], Awaitable[bool]]
"""Does one step of an erasure; False where it has to wait."""


class Erasures:
    """Takes erasures through their steps. Any number of processes may do it at the same time, and end at any point."""

    def __init__(
        self,
        *,
        database: Database,
        erasing: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        datamap: DataMap,
        eraser: Eraser,
        signer: Signer,
        issuer: str,
        promises: Promises,
        journal: Journal,
        letters: Letters,
    ) -> None:
        self._database = database
        self._erasing = erasing
        self._policy = policy
        self._subjects = subjects
        self._signer = signer
        self._issuer = issuer
        self._promises = promises
        self._journal = journal
        self._letters = letters
        self._eraser = eraser
        self.holds = EndOfHolds(erasing=erasing, policy=policy, eraser=eraser)
        self._steps = Steps(erasing, subjects)
        self._scanning = Scanning(database=database, erasing=erasing, datamap=datamap, steps=self._steps)
        self.steps: list[Doing] = [self._begin, self._erase, self._scanning.one, self._shred, self._certify]

    async def go_on(self, request_id: UUID, moment: Moment) -> Progress:
        """Do every step of an erasure that can be done now; again, it finds them done. Raises `RequestUnknown`."""
        await self._through(self.steps, request_id, moment)
        return found(await requests.request(self._database, request_id)).progress

    async def go_on_all(self, moment: Moment | None = None, tell: Tell = nobody) -> int:
        """Take every erasure that is approved and not closed as far as it goes; returns how many are closed now."""
        moment, after, closed = moment or Moment(now=system_now()), BEFORE_ALL, 0
        await self.holds.end(moment.now)
        while running := await store.running(self._database, after, AT_ONCE):
            await self._each(running, [self._begin, self._erase], moment)
            await self._scanning.all(running, tell)
            closed += await self._each(running, [self._shred, self._certify], moment)
            after = running[-1]
            if closed:
                event("rights.erasures_closed", count=closed)
        return closed

    async def forget_journal(self) -> None:
        """Forget erasures of which no backup holds anything any more."""
        await self._journal.compact(system_now() - self._promises.backups)

    async def _each(self, request_ids: Sequence[UUID], steps: Sequence[Doing], moment: Moment) -> int:
        """Some steps of many erasures, a few at the same time; returns how many were taken through all of them.

        What goes wrong with one is told, and is no reason to stop the others.
        """
        lanes = asyncio.Semaphore(LANES)

        async def one(request_id: UUID) -> bool:
            async with lanes:
                began = monotonic()
                try:
                    return await self._through(steps, request_id, moment)
                finally:
                    await asyncio.sleep((monotonic() - began) * REST)

        ended = await asyncio.gather(*(one(request_id) for request_id in request_ids), return_exceptions=True)
        for failure in ended:
            if isinstance(failure, Unavailable):
                raise failure
            if isinstance(failure, BaseException):
                crash("rights.erasure_crashed", failure)
        return sum(done is True for done in ended)

    async def _through(self, steps: Sequence[Doing], request_id: UUID, moment: Moment) -> bool:
        """Do steps as far as possible; False where one has to wait."""
        try:
            for step in steps:
                if not await step(request_id, moment):
                    return False
        except KeyringUnavailable:
            event("rights.erasure_postponed", request_id=str(request_id))
            return False
        except JournalRefused as refused:
            event("rights.erasure_stopped", level=logging.ERROR, request_id=str(request_id), reason=str(refused))
            return False
        return True

    async def _begin(self, request_id: UUID, moment: Moment) -> bool:
        """Steps 1 and 2: who approved it, and a line in the journal before anything is erased."""

        async def work(connection: Connection, request: RightsRequest, _: Tasks) -> Mapping[Step, Done]:
            persons = await self._eraser.named(connection, request.lookups)
            notes = await self._write_down(connection, request, persons, moment)
            return {Step.APPROVE: Done({"approved_by": len(request.approved_by)}), Step.JOURNAL: Done({}, notes)}

        return await self._steps.do(Step.JOURNAL, request_id, work)

    async def _write_down(
        self, connection: Connection, request: RightsRequest, persons: Sequence[Person], moment: Moment
    ) -> Notes:
        """Keep in the journal, and for later steps, whom an erasure is about.

        Raises `JournalRefused`, and `KeyringUnavailable`: what recognises them afterwards has to be made before.
        """
        known = {lookup for person in persons for lookup in person.lookups}
        subjects = [person.subject_id for person in persons]
        suppressed = await suppressions.hashes(connection, self._subjects, known)
        notes = Notes(subjects, sorted({*request.lookups, *known}), suppressed, await self._pseudonyms(subjects))
        bundle = self._policy.current.digest
        await self._journal.append(
            Line(request.request_id, moment.now, notes.subjects, notes.lookups, bundle, notes.suppressed)
        )
        return notes

    async def _pseudonyms(self, subjects: Sequence[UUID]) -> dict[str, list[str]]:
        """The names of the erased by which each recipient with an endpoint knows them, while they can be computed."""
        reached = [one.id for one in self._policy.current.recipients.values() if one.endpoint] if subjects else []
        named = {recipient: await self._subjects.keys.pseudonyms(recipient, subjects) for recipient in sorted(reached)}
        return {recipient: [to_text(name) for name in names.values()] for recipient, names in named.items()}

    async def _erase(self, request_id: UUID, moment: Moment) -> bool:
        """Steps 3 and 4: the erasure, and what recipients are told of it, written together."""

        async def work(connection: Connection, request: RightsRequest, tasks: Tasks) -> Mapping[Step, Done]:
            if Step.JOURNAL not in tasks:
                return {}
            met = await self._eraser.enter(connection, request.lookups, moment.override)
            notes = self._steps.noted(request_id, tasks)
            anew: dict[Step, Done] = {}
            if not _covers(notes, met.persons):  # somebody came to be behind an identifier meanwhile
                notes = await self._write_down(connection, request, met.persons, moment)
                anew = {Step.JOURNAL: Done({}, notes)}
            bundle = self._policy.current
            gone = await self._eraser.erase(connection, request_id, met, bundle.digest)
            expires_at = met.at + timedelta(days=bundle.retention.suppressions)
            await suppressions_store.suppress(connection, notes.suppressed, met.at, expires_at)
            await outbox.enqueue(connection, list(_messages(request_id, notes, met.at)))
            what = Erased(
                erased_at=met.at,
                deleted_at=met.at,
                subjects=len(met.persons),
                entries=list(gone.entries),
                rows=dict(gone.rows),
                suppressed=len(notes.suppressed),
                bundle=bundle.digest,
            )
            others = sorted(bundle.recipients.keys() - notes.pseudonyms) if notes.subjects else []
            told = Notified(told=sorted(notes.pseudonyms), no_endpoint=others)
            done = {Step.ERASE: Done(msgspec.to_builtins(what)), Step.NOTIFY: Done(msgspec.to_builtins(told))}
            return anew | done

        return await self._steps.do(Step.ERASE, request_id, work, alike=True)

    async def _shred(self, request_id: UUID, moment: Moment) -> bool:
        """Step 6: delete the keys of the erased, but of those of whom something is held for longer."""
        tasks = await store.tasks(self._database, request_id)
        if Step.ERASE not in tasks:
            return False
        if Step.SHRED in tasks and shredded(tasks).subjects == erased(tasks).subjects:
            return True
        subjects = self._steps.noted(request_id, tasks).subjects
        held = await holds.held(self._database, subjects)
        keyring = self._subjects.keys.database
        try:
            epochs = await keys_store.epochs(keyring)
            await shred(self._database, keyring, [one for one in subjects if one not in held])
        except Unavailable:
            event("rights.shredding_postponed", request_id=str(request_id))
            return False
        ends = self._promises.epoch_ends(epochs, moment.now)

        async def work(_: Connection, __: RightsRequest, tasks: Tasks) -> Mapping[Step, Done]:
            clear_at = None if held else self._promises.backups_clear_at(ends, erased(tasks).deleted_at)
            return {Step.SHRED: Done(msgspec.to_builtins(Shredded(len(subjects) - len(held), clear_at)))}

        return await self._steps.do(Step.SHRED, request_id, work, again=True)

    async def _certify(self, request_id: UUID, moment: Moment) -> bool:
        """Steps 7 and 8: the certificate, and the letter that tells the person of it, written together."""
        return await self._steps.do(Step.CERTIFY, request_id, partial(self._certified, moment=moment))

    async def _certified(
        self, connection: Connection, request: RightsRequest, tasks: Tasks, *, moment: Moment
    ) -> Mapping[Step, Done]:
        if Step.SHRED not in tasks or not scanned(tasks):
            return {}
        now = moment.override or await requests.clock(connection)
        held = await holds.held(connection, self._steps.noted(request.request_id, tasks).subjects)
        kept = [Kept(data, until) for one in held.values() for data, until in one.items()]
        outcomes = await recipients.outcomes(connection, request.request_id)
        ends = ending(outcomes, [one.until for one in kept], request.due_at, now)
        if ends is None:
            return {}
        claims = certificate.claims(
            issuer=self._issuer,
            request_id=request.request_id,
            issued_at=now,
            erased=erased(tasks),
            backups_clear_at=shredded(tasks).backups_clear_at,
            recipients=[*certificate.told(outcomes), *certificate.untold(notified(tasks).no_endpoint)],
            held=kept,
            scan={name: tasks[Step.SCAN].outcome[name] for name in ("tables", "columns", "rows")} | {"found": 0},
        )
        await requests.certify(connection, request.request_id, self._signer.sign(claims, certificate.ISSUED))
        moved = await move(connection, request, ends, self._policy.current.digest, at=now)
        told = await self._letters.told(connection, moved, Kind(ends.value), _exceptions(outcomes, kept))
        await store.forget(connection, request.request_id)
        return {Step.CERTIFY: Done({}), Step.INFORM: Done({"letter": told})}


def _exceptions(outcomes: Sequence[Outcome], kept: Sequence[Kept]) -> Facts:
    """What the person is told of an erasure that is not whole."""
    silent = any(outcome.answer not in {Did.DONE.value, Did.NOTHING_HELD.value} for outcome in outcomes)
    return Facts(silent=silent, held=max((one.until for one in kept), default=None))


def _covers(notes: Notes, persons: Sequence[Person]) -> bool:
    subjects = {person.subject_id for person in persons}
    lookups = {lookup for person in persons for lookup in person.lookups}
    return subjects == set(notes.subjects) and lookups <= set(notes.lookups)


def _messages(request_id: UUID, notes: Notes, at: datetime) -> Iterator[Message]:
    """What recipients are told, each by its own name for the person; it outlives the subject."""
    content = {"request_id": str(request_id), "erased_at": instant(at)}
    for recipient, names in notes.pseudonyms.items():
        for name in names:
            yield Message(request_id, recipient, ERASURE, content, request_id, name)
