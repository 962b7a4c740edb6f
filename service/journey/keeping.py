"""Group commit of touchpoints: many calls, one transaction, in the lock order of DESIGN section 9 (D8)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import msgspec
from msgspec import Struct

from service.consent import store as consent_store
from service.consent.model import Reason, Standing
from service.journey import rules, store
from service.journey.model import Outcome, Outcomes, Touchpoint
from service.journey.rules import TOUCHPOINTS
from service.journey.store import Counted, Kept
from service.kernel.apart import apart
from service.kernel.batching import Batches
from service.kernel.crypto import Hasher
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers, Claim
from service.kernel.ids import new_id
from service.kernel.problem import IdempotencyConflict
from service.policy.model import Bundle
from service.subjects.commands import Entered, Subjects
from service.subjects.keys.model import KeyringUnavailable
from service.subjects.model import Lookup

SMALL = 20
"""A call of at most so many touchpoints shares its transaction with others."""
AT_ONCE = 64
"""Calls that share one."""
LANES = 4
"""Batches at once: a person whose lock is held keeps only those of their own batch waiting."""

STORED, DUPLICATE = Outcome(outcome="stored"), Outcome(outcome="duplicate")

type_of_place = tuple[UUID, UUID]
"""A subject and the name of a touchpoint of theirs."""
type_of_name = Callable[[UUID, str | None], UUID]
"""What names a touchpoint, from whose it is and the id that the sender gave."""


class Call(Struct, frozen=True):
    """The touchpoints of one call, each with whose it is (None: nobody's, which can only be counted)."""

    bundle: Bundle
    touchpoints: Sequence[Touchpoint]
    lookups: Sequence[Lookup | None]
    claim: Claim | None
    at: datetime | None
    gpc: bool

    @property
    def hashes(self) -> frozenset[bytes]:
        """Whom the call is about."""
        return frozenset(lookup.hash for lookup in self.lookups if lookup)

    @property
    def told(self) -> frozenset[bytes]:
        """Of whom it has something to seal."""
        pairs = zip(self.touchpoints, self.lookups, strict=True)
        return frozenset(lookup.hash for touchpoint, lookup in pairs if lookup and touchpoint.properties)


class Keeper:
    """Keeps touchpoints where a purpose allows it, counts others where the bundle does, and says which."""

    def __init__(self, *, database: Database, subjects: Subjects, answers: Answers, tokens: Hasher) -> None:
        self._database = database
        self._subjects = subjects
        self._answers = answers
        self._tokens = tokens
        self._calls: Batches[Call, Outcomes] = Batches(apart(self._together, _whose), largest=AT_ONCE, lanes=LANES)

    async def keep(self, call: Call) -> Outcomes:
        """Keep the touchpoints of a call, small ones together with others; returns once they are durable."""
        if call.claim is None and len(call.touchpoints) <= SMALL:
            return await self._calls.answer(call)
        return await self._database.run("journey.keep", partial(self._once, call=call))

    async def close(self) -> None:
        """Keep everything that waits, and take nothing new."""
        await self._calls.close()

    async def _together(self, batch: Sequence[Call], patient: bool) -> list[Outcomes | BaseException]:
        """One transaction for all; without keys another for those that need none."""

        async def work(connection: Connection) -> list[Outcomes]:
            return await self._keep(connection, batch)

        try:
            return [*await self._database.run_batch("journey.keep", work, patient=patient)]
        except KeyringUnavailable as problem:
            plain = [call for call in batch if not call.told]
            kept = iter(await self._together(plain, patient) if plain else [])
            return [problem if call.told else next(kept) for call in batch]

    async def _once(self, connection: Connection, call: Call) -> Outcomes:
        """Keep what a call tells, or answer as the first call with its Idempotency-Key was answered."""
        claim = call.claim
        if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
            if isinstance(earlier, IdempotencyConflict):
                raise earlier
            return msgspec.json.decode(earlier, type=Outcomes)
        (outcomes,) = await self._keep(connection, [call])
        if claim:
            await self._answers.keep(connection, [(claim, msgspec.json.encode(outcomes), None)])
        return outcomes

    async def _keep(self, connection: Connection, calls: Sequence[Call]) -> list[Outcomes]:
        """Decide under the subjects' shared locks, so that no withdrawal or erasure in flight is overlooked."""
        hashes = frozenset[bytes]().union(*(call.hashes for call in calls))
        told = frozenset[bytes]().union(*(call.told for call in calls))
        entered = await self._subjects.enter(connection, hashes, shared=True, evident=told)
        purposes = {purpose for call in calls for purpose in rules.keepers(call.bundle)}
        standings = await consent_store.standing(connection, entered.subjects, purposes)
        sheet = _Sheet(entered, standings, self._touchpoint_id)
        verdicts = [sheet.enter(call) for call in calls]
        new = await sheet.write(connection)
        return [Outcomes(outcomes=[_outcome(verdict, new) for verdict in of_call]) for of_call in verdicts]

    def _touchpoint_id(self, subject_id: UUID, given: str | None) -> UUID:
        """A sender's id may hold anything, so only a keyed hash of it is stored; without one nothing is a duplicate."""
        if given is None:
            return new_id()
        return UUID(bytes=self._tokens.hash(b"touchpoint", subject_id.bytes, given.encode())[:16])


class _Sheet:
    """What a transaction writes: each touchpoint that may be kept, once, and how many are only counted."""

    def __init__(self, entered: Entered, standings: Mapping[bytes, Standing], name: type_of_name) -> None:
        self._entered = entered
        self._standings = standings
        self._name = name
        self._rows: dict[type_of_place, Kept] = {}
        self._counts: Counter[Counted] = Counter()

    def enter(self, call: Call) -> list[type_of_place | Outcome]:
        """For each touchpoint of a call the place where it is kept, or what becomes of it instead."""
        now = call.at or self._entered.recorded_at
        keeping = {
            lookup: rules.keeping(call.bundle, self._standings.get(lookup), now, gpc=call.gpc) for lookup in call.hashes
        }
        verdicts: list[type_of_place | Outcome] = []
        for touchpoint, lookup in zip(call.touchpoints, call.lookups, strict=True):
            purposes, reason = keeping[lookup.hash] if lookup else rules.NOBODYS
            if lookup and purposes:
                verdicts.append(self._row(touchpoint, self._entered.led[lookup.hash].subject_id, purposes, now))
            else:
                verdicts.append(self._dropped(call, touchpoint, reason))
        return verdicts

    def _dropped(self, call: Call, touchpoint: Touchpoint, reason: Reason) -> Outcome:
        if not rules.counts(call.bundle, touchpoint, reason, gpc=call.gpc):
            return Outcome(outcome="dropped", reason=reason.value)
        day = touchpoint.occurred_at.astimezone(UTC).date()
        self._counts[Counted(day, touchpoint.event, touchpoint.channel)] += 1
        return Outcome(outcome="counted", reason=reason.value)

    def _row(
        self, touchpoint: Touchpoint, subject_id: UUID, purposes: tuple[str, ...], now: datetime
    ) -> type_of_place | Outcome:
        place = subject_id, self._name(subject_id, touchpoint.id)
        if place in self._rows:
            return DUPLICATE
        plain = msgspec.json.encode(touchpoint.properties) if touchpoint.properties else None
        self._rows[place] = Kept(
            subject_id=subject_id,
            touchpoint_id=place[1],
            event=touchpoint.event,
            channel=touchpoint.channel,
            occurred_at=touchpoint.occurred_at,
            recorded_at=now,
            purposes=purposes,
            sentiment=touchpoint.sentiment,
            properties=self._entered.seals.seal(TOUCHPOINTS, "properties", subject_id, plain) if plain else None,
        )
        return place

    async def write(self, connection: Connection) -> Set[type_of_place]:
        """Write all of it; returns the places that were free. The counts come last: many callers share their rows."""
        new = await store.keep(connection, [self._rows[place] for place in sorted(self._rows)])
        await store.count(connection, self._counts)
        return new


def _outcome(verdict: type_of_place | Outcome, new: Set[type_of_place]) -> Outcome:
    if isinstance(verdict, Outcome):
        return verdict
    return STORED if verdict in new else DUPLICATE


def _whose(call: Call) -> frozenset[bytes]:
    return call.hashes
