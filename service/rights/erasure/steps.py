"""How a step is remembered: with what it did, in its own transaction, and what it knows sealed for those behind it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from service.kernel.database import Connection, Database
from service.rights import store as requests
from service.rights.erasure import store
from service.rights.erasure.model import Erased, Notes, Notified, Shredded, Step, Task
from service.rights.model import Right, RightsRequest, State
from service.rights.rules import found
from service.subjects.commands import Subjects

TABLE, NOTES = "rights_tasks", "notes"


class Done(Struct, frozen=True):
    """What a step did; `notes` are for those behind it."""

    outcome: Mapping[str, Any]
    notes: Notes | None = None


Tasks = Mapping[Step, Task]
Work = Callable[[Connection, RightsRequest, Tasks], Awaitable[Mapping[Step, Done]]]
"""Does steps in one transaction; returns none where it has to wait."""


class Steps:
    """The steps of erasures that were done."""

    def __init__(self, erasing: Database, subjects: Subjects) -> None:
        self._erasing = erasing
        self._subjects = subjects

    async def do(self, step: Step, request_id: UUID, work: Work, *, alike: bool = False, again: bool = False) -> bool:
        """Do a step in a transaction of its own, unless it was done; False where it has to wait, is over, or none."""

        async def transact(connection: Connection) -> bool:
            request = found(await requests.locked(connection, request_id, alike=alike))
            if request.right is not Right.ERASURE or request.state is not State.RUNNING:
                return False
            tasks = await store.tasks(connection, request_id)
            if step in tasks and not again:
                return True
            done = await work(connection, request, tasks)
            for one, what in done.items():
                notes = self._sealed(request_id, what.notes) if what.notes else None
                await store.do(connection, request_id, one, what.outcome, notes)
            return step in done

        return await self._erasing.run(f"rights.{step.value}", transact)

    def _sealed(self, request_id: UUID, notes: Notes) -> bytes:
        return self._subjects.seal(TABLE, NOTES, request_id, msgspec.json.encode(notes))

    def noted(self, request_id: UUID, tasks: Tasks) -> Notes:
        """Whom an erasure is about, until its certificate is issued."""
        sealed = tasks[Step.JOURNAL].notes
        if sealed is None:
            raise LookupError("the notes of an erasure are kept until its certificate is issued")
        return msgspec.json.decode(self._subjects.open(TABLE, NOTES, request_id, sealed), type=Notes)


def erased(tasks: Tasks) -> Erased:
    """What the erase step did."""
    return msgspec.convert(tasks[Step.ERASE].outcome, type=Erased)


async def erased_more(
    connection: Connection, request_id: UUID, entry_id: UUID, rows: Mapping[str, int], at: datetime
) -> None:
    """Add to what the erase step did what was held and went at a time; the caller has locked the request."""
    before = erased(await store.tasks(connection, request_id))
    now = msgspec.structs.replace(
        before,
        deleted_at=max(before.deleted_at, at),
        entries=[*before.entries, entry_id],
        rows=dict(Counter(before.rows) + Counter(rows)),
    )
    await store.do(connection, request_id, Step.ERASE, msgspec.to_builtins(now))


def scanned(tasks: Tasks) -> bool:
    """Whether the scan found nothing, and nothing that was held went after it: that has to be looked for too."""
    told = tasks.get(Step.SCAN)
    return told is not None and not told.outcome["found"] and told.outcome["entries"] == len(erased(tasks).entries)


def notified(tasks: Tasks) -> Notified:
    """Whom the notify step told."""
    return msgspec.convert(tasks[Step.NOTIFY].outcome, type=Notified)


def always(done: Mapping[Step, Done]) -> Work:
    """The work of a step that was done already, when it only has to be written down."""

    async def work(*_: object) -> Mapping[Step, Done]:
        return done

    return work


def shredded(tasks: Tasks) -> Shredded:
    """What the shred step did."""
    return msgspec.convert(tasks[Step.SHRED].outcome, type=Shredded)
