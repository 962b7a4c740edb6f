"""The saga of an erasure: eight steps, each remembered with what it did, so that whoever comes next goes on there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from service.kernel.clock import Moment, system_now
from service.kernel.crypto import Signer
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap, Person
from service.kernel.log import event
from service.kernel.problem import Unavailable
from service.policy.commands import ActivePolicy
from service.rights import store as requests
from service.rights.erasure import certificate, store
from service.rights.erasure.certificate import Kept
from service.rights.erasure.erasing import Eraser
from service.rights.erasure.model import Erased, Notes, Shredded, Step, Task
from service.rights.holds import store as holds
from service.rights.journal.file import Journal
from service.rights.journal.model import JournalRefused, Line
from service.rights.model import Progress, RightsRequest, State
from service.rights.rules import found
from service.subjects.commands import Subjects
from service.subjects.keys import store as keys_store
from service.subjects.keys.commands import shred
from service.subjects.keys.model import KeyringUnavailable, Promises

TABLE, NOTES = "rights_tasks", "notes"
BEFORE_ALL = UUID(int=0)
AT_ONCE = 500
"""Erasures that the worker takes through the steps together."""
LANES = 4
"""Erasures at the same moment."""


class Done(Struct, frozen=True):
    """What a step did; `notes` are for those behind it."""

    outcome: Mapping[str, Any]
    notes: Notes | None = None


Tasks = Mapping[Step, Task]
Work = Callable[[Connection, RightsRequest, Tasks], Awaitable[Mapping[Step, Done]]]
"""Does steps in one transaction; returns none where it has to wait."""


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
        signer: Signer,
        issuer: str,
        promises: Promises,
        journal: Journal,
    ) -> None:
        self._database = database
        self._erasing = erasing
        self._policy = policy
        self._subjects = subjects
        self._signer = signer
        self._issuer = issuer
        self._promises = promises
        self._journal = journal
        self._eraser = Eraser(subjects=subjects, datamap=datamap)
        self.steps = [self._begin, self._erase, self._shred, self._certify]

    async def go_on(self, request_id: UUID, moment: Moment) -> Progress:
        """Do every step of an erasure that can be done now; again, it finds them done. Raises `RequestUnknown`."""
        try:
            for step in self.steps:
                if not await step(request_id, moment):
                    break
        except KeyringUnavailable:
            event("rights.erasure_postponed", request_id=str(request_id))
        except JournalRefused as refused:
            event("rights.erasure_stopped", level=logging.ERROR, request_id=str(request_id), reason=str(refused))
        return found(await requests.request(self._database, request_id)).progress

    async def go_on_all(self, moment: Moment | None = None) -> int:
        """Take every erasure that is approved and not closed as far as it goes; returns how many are closed now."""
        moment, after, closed = moment or Moment(now=system_now()), BEFORE_ALL, 0
        while running := await store.running(self._erasing, after, AT_ONCE):
            lanes = asyncio.Semaphore(LANES)
            progress = await asyncio.gather(*(self._in_lane(lanes, one, moment) for one in running))
            closed += sum(one.state is not State.RUNNING for one in progress)
            after = running[-1]
        return closed

    async def _in_lane(self, lanes: asyncio.Semaphore, request_id: UUID, moment: Moment) -> Progress:
        async with lanes:
            return await self.go_on(request_id, moment)

    async def _do(self, step: Step, request_id: UUID, work: Work, *, alike: bool = False) -> bool:
        """Do a step in a transaction of its own, unless it was done; False where the erasure has to wait or is over."""

        async def transact(connection: Connection) -> bool:
            request = found(await requests.locked(connection, request_id, alike=alike))
            if request.state is not State.RUNNING:
                return False
            tasks = await store.tasks(connection, request_id)
            if step in tasks:
                return True
            done = await work(connection, request, tasks)
            for one, what in done.items():
                notes = self._sealed(request_id, what.notes) if what.notes else None
                await store.do(connection, request_id, one, what.outcome, notes)
            return step in done

        return await self._erasing.run(f"rights.{step.value}", transact)

    async def _begin(self, request_id: UUID, moment: Moment) -> bool:
        """Steps 1 and 2: who approved it, and a line in the journal before anything is erased."""

        async def work(connection: Connection, request: RightsRequest, _: Tasks) -> Mapping[Step, Done]:
            persons = await self._eraser.named(connection, request.lookups)
            notes = await self._write_down(request, persons, moment)
            return {Step.APPROVE: Done({"approved_by": len(request.approved_by)}), Step.JOURNAL: Done({}, notes)}

        return await self._do(Step.JOURNAL, request_id, work)

    async def _write_down(self, request: RightsRequest, persons: Sequence[Person], moment: Moment) -> Notes:
        """Keep in the journal, and for later steps, whom an erasure is about; raises `JournalRefused`."""
        lookups = {*request.lookups, *(lookup for person in persons for lookup in person.lookups)}
        notes = Notes([person.subject_id for person in persons], sorted(lookups), [], {})
        bundle = self._policy.current.digest
        await self._journal.append(
            Line(request.request_id, moment.now, notes.subjects, notes.lookups, bundle, notes.suppressed)
        )
        return notes

    async def _erase(self, request_id: UUID, moment: Moment) -> bool:
        """Steps 3 and 4: the erasure, and what recipients are told of it, written together."""

        async def work(connection: Connection, request: RightsRequest, tasks: Tasks) -> Mapping[Step, Done]:
            if Step.JOURNAL not in tasks:
                return {}
            met = await self._eraser.enter(connection, request.lookups, moment.override)
            notes = self._noted(request_id, tasks)
            anew: dict[Step, Done] = {}
            if not _covers(notes, met.persons):  # somebody came to be behind an identifier meanwhile
                notes = await self._write_down(request, met.persons, moment)
                anew = {Step.JOURNAL: Done({}, notes)}
            bundle = self._policy.current.digest
            gone = await self._eraser.erase(connection, request_id, met, bundle)
            erased = Erased(
                erased_at=met.at,
                subjects=len(met.persons),
                entries=list(gone.entries),
                rows=dict(gone.rows),
                suppressed=len(notes.suppressed),
                bundle=bundle,
            )
            return anew | {Step.ERASE: Done(msgspec.to_builtins(erased)), Step.NOTIFY: Done({"recipients": []})}

        return await self._do(Step.ERASE, request_id, work, alike=True)

    async def _shred(self, request_id: UUID, moment: Moment) -> bool:
        """Step 6: delete the keys of the erased, but of those of whom something is held."""
        tasks = await store.tasks(self._database, request_id)
        if Step.SHRED in tasks or Step.ERASE not in tasks:
            return Step.SHRED in tasks
        subjects = self._noted(request_id, tasks).subjects
        held = await holds.held(self._database, subjects)
        keyring = self._subjects.keys.database
        try:
            epochs = await keys_store.epochs(keyring)
            await shred(self._database, keyring, [one for one in subjects if one not in held])
        except Unavailable:
            event("rights.shredding_postponed")
            return False
        ends = self._promises.epoch_ends(epochs, moment.now)
        clear_at = None if held else self._promises.backups_clear_at(ends, _erased(tasks).erased_at)
        shredded = Shredded(len(subjects) - len(held), clear_at)

        async def work(*_: object) -> Mapping[Step, Done]:
            return {Step.SHRED: Done(msgspec.to_builtins(shredded))}

        return await self._do(Step.SHRED, request_id, work)

    async def _certify(self, request_id: UUID, moment: Moment) -> bool:
        """Steps 7 and 8: the certificate, and the letter that tells the person of it, written together."""
        return await self._do(Step.CERTIFY, request_id, partial(self._certified, moment=moment))

    async def _certified(
        self, connection: Connection, request: RightsRequest, tasks: Tasks, *, moment: Moment
    ) -> Mapping[Step, Done]:
        if Step.SHRED not in tasks:
            return {}
        erased = _erased(tasks)
        held = await holds.held(connection, self._noted(request.request_id, tasks).subjects)
        claims = certificate.claims(
            issuer=self._issuer,
            request_id=request.request_id,
            issued_at=moment.override or await requests.clock(connection),
            erased=erased,
            backups_clear_at=_shredded(tasks).backups_clear_at,
            recipients=tasks[Step.NOTIFY].outcome["recipients"],
            held=[Kept(data, until) for data_until in held.values() for data, until in data_until.items()],
            scan={},
        )
        signed = self._signer.sign(claims, certificate.ISSUED)
        await requests.certify(connection, request.request_id, erased.erased_at, signed)
        await store.forget(connection, request.request_id)
        return {Step.CERTIFY: Done({}), Step.INFORM: Done({})}

    def _sealed(self, request_id: UUID, notes: Notes) -> bytes:
        return self._subjects.seal(TABLE, NOTES, request_id, msgspec.json.encode(notes))

    def _noted(self, request_id: UUID, tasks: Tasks) -> Notes:
        sealed = tasks[Step.JOURNAL].notes
        if sealed is None:
            raise LookupError("the notes of an erasure are kept until its certificate is issued")
        return msgspec.json.decode(self._subjects.open(TABLE, NOTES, request_id, sealed), type=Notes)


def _covers(notes: Notes, persons: Sequence[Person]) -> bool:
    subjects = {person.subject_id for person in persons}
    lookups = {lookup for person in persons for lookup in person.lookups}
    return subjects == set(notes.subjects) and lookups <= set(notes.lookups)


def _erased(tasks: Tasks) -> Erased:
    return msgspec.convert(tasks[Step.ERASE].outcome, type=Erased)


def _shredded(tasks: Tasks) -> Shredded:
    return msgspec.convert(tasks[Step.SHRED].outcome, type=Shredded)
