"""The verb of evaluation: go through the decisions of the past, and make those again that may still be used."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from service.consent import store as consent_store
from service.decisioning.evaluation import store
from service.decisioning.evaluation.model import Past, Period, Stored
from service.decisioning.evaluation.replaying import usable
from service.decisioning.learning.arms import LEARNING
from service.decisioning.model import Inputs
from service.kernel.database import Connection, Database
from service.policy.commands import Archive
from service.policy.model import Bundle

Open = Callable[[str, str, UUID, bytes], bytes]


class Judge(Protocol):
    """What decisions are shown to, one after the other; it `learns` where it looks at what people did."""

    learns: bool
    left_out: Counter[str]

    def add(self, past: Past) -> None:
        """Look at one decision."""
        ...


J = TypeVar("J", bound=Judge)
_inputs = msgspec.json.Decoder(Inputs)


class Replay:
    """The decisions of the past. What may no longer be used of a person is not looked at."""

    def __init__(self, database: Database, in_force: Bundle, opened: Open) -> None:
        self._database = database
        self._in_force = in_force
        self._opened = opened
        self._archive = Archive(database)

    async def show(self, period: Period, begin: Callable[[], J], tell: Callable[[int, int], None]) -> J:
        """Show the decisions of a period, as of one moment, to a judge; `tell` hears how many of how many.

        `begin` makes the judge: another one where the database went away on the way.
        """

        async def work(connection: Connection) -> J:
            judge, done = begin(), 0
            now, total = await store.extent(connection, period)
            async for stored in store.stored(connection, period):
                await self._show(connection, stored, judge, now)
                done += len(stored)
                tell(done, total)
            return judge

        return await self._database.at_one_moment(work)

    async def _show(self, connection: Connection, batch: Sequence[Stored], judge: Judge, now: datetime) -> None:
        """Show what of a batch may still be used, for what it was made for, and where a judge learns for that too."""
        purposes = list(self._in_force.purposes)
        standings = await consent_store.standing_of(connection, {one.subject_id for one in batch}, purposes)
        for one in batch:
            needed = {*one.purposes, LEARNING} if judge.learns else {*one.purposes}
            if judge.learns and not one.learnable:
                judge.left_out["unlearnable"] += 1
            elif one.inputs is None or not usable(
                self._in_force, needed, standings.get(one.subject_id), one.decided_at, now
            ):
                judge.left_out["ended"] += 1
            elif inputs := self._inputs_of(one.subject_id, one.inputs):
                judge.add(Past(one, await self._archive.bundle(one.bundle), inputs))
            else:
                judge.left_out["older"] += 1

    def _inputs_of(self, subject_id: UUID, sealed: bytes) -> Inputs | None:
        """What was sealed with a decision; None for one of version 0.1, which sealed too little to decide again."""
        try:
            return _inputs.decode(self._opened("decisions", "inputs", subject_id, sealed))
        except msgspec.ValidationError:
            return None
