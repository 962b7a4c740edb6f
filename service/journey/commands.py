"""The verbs of the journey: keep touchpoints, find where someone is, tell what is known."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from service.consent import store as consent_store
from service.consent.model import Reason, Standing
from service.consent.rules import counts_since
from service.consent.verdicts import permissions
from service.journey import rules, store
from service.journey.model import (
    ConsentRequired,
    Contacts,
    Facts,
    JourneyUnknown,
    Outcome,
    Outcomes,
    Position,
    PositionQuestion,
    Touchpoint,
    TouchpointRefused,
    Touchpoints,
)
from service.journey.store import ContactsQuestion, Kept
from service.kernel.auth import Admission, Principal
from service.kernel.batching import Batches
from service.kernel.crypto import Hasher
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers
from service.kernel.ids import new_id
from service.kernel.problem import Fault, IdempotencyConflict
from service.policy.commands import ActivePolicy
from service.policy.expression import Value
from service.policy.model import Bundle, Field, Journey, Purpose
from service.subjects.commands import Subjects
from service.subjects.keys.model import Seals
from service.subjects.model import IdentifierRefused, Lookup, SubjectMissing

CLOCK_SKEW = timedelta(seconds=5)
TOUCHPOINTS = "touchpoints"
NEAREST_FIRST = (
    Reason.RESTRICTED,
    Reason.OBJECTED,
    Reason.GUARDIAN_REQUIRED,
    Reason.GPC,
    Reason.EXPIRED,
    Reason.WITHDRAWN,
    Reason.REFUSED,
)
"""Of several purposes that may not keep a touchpoint, one that once might tells more than one that never did."""


class JourneyDesk:
    """Keeps contacts where a purpose allows it, and reads no more than a purpose allows."""

    def __init__(
        self, *, database: Database, policy: ActivePolicy, subjects: Subjects, answers: Answers, tokens: Hasher
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._answers = answers
        self._tokens = tokens
        self._contacts: Batches[ContactsQuestion, list[Contacts]] = Batches(self._read_contacts)

    async def _read_contacts(self, questions: Sequence[ContactsQuestion]) -> list[list[Contacts] | BaseException]:
        return [*await store.contacts(self._database, questions)]

    async def add(self, batch: Touchpoints, caller: Admission, cookie: str | None, key: str | None) -> Outcomes:
        """Keep touchpoints whose subjects allow a purpose that keeps them; others are dropped, and it is said (D8)."""
        bundle = self._policy.current
        self._refuse_faulty(batch.touchpoints, bundle, caller.moment.now)
        lookups = [self._lookup(caller.principal, t, cookie, place) for place, t in enumerate(batch.touchpoints)]
        whose = [lookup.name for lookup in lookups]
        claim = self._answers.claim(caller.principal, key, "touchpoints", batch, whose)

        async def work(connection: Connection) -> Outcomes:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=Outcomes)
            outcomes = await self._keep(connection, bundle, batch.touchpoints, lookups, caller)
            if claim:
                await self._answers.keep(connection, [(claim, msgspec.json.encode(outcomes), None)])
            return outcomes

        return await self._database.run("journey.add", work)

    def _lookup(self, caller: Principal, touchpoint: Touchpoint, cookie: str | None, place: int) -> Lookup:
        """Whose contact it is; a batch is long, so that a subject who cannot be named is told with their place."""
        try:
            return self._subjects.required_of(caller, touchpoint.subject, cookie)
        except (IdentifierRefused, SubjectMissing) as problem:
            fault = Fault(f"$.touchpoints[{place}].subject", problem.detail)
            raise type(problem)("Nothing was stored.", faults=[fault]) from None

    async def _keep(
        self,
        connection: Connection,
        bundle: Bundle,
        touchpoints: Sequence[Touchpoint],
        lookups: Sequence[Lookup],
        caller: Admission,
    ) -> Outcomes:
        """Decide under the subjects' shared locks, so that no withdrawal or erasure in flight is overlooked."""
        hashes = list({lookup.hash for lookup in lookups})
        told = {lookup.hash for touchpoint, lookup in zip(touchpoints, lookups, strict=True) if touchpoint.properties}
        entered = await self._subjects.enter(connection, hashes, shared=True, at=caller.moment.override, evident=told)
        standings = await consent_store.standing(connection, entered.subjects, bundle.purposes)
        kept: dict[tuple[UUID, UUID], Kept] = {}
        verdicts: list[tuple[UUID, UUID] | Outcome] = []
        for touchpoint, lookup in zip(touchpoints, lookups, strict=True):
            purposes, reason = _purposes(bundle, standings.get(lookup.hash), entered.recorded_at, gpc=caller.gpc)
            if not purposes:
                verdicts.append(Outcome(outcome="dropped", reason=reason))
                continue
            row = self._row(touchpoint, entered.subjects[lookup.hash], purposes, entered.seals)
            name = (row.subject_id, row.touchpoint_id)
            verdicts.append(Outcome(outcome="duplicate") if name in kept else name)
            kept.setdefault(name, row)
        new = await store.keep(connection, sorted(kept.values(), key=_name), entered.recorded_at)
        return Outcomes(
            outcomes=[
                verdict
                if isinstance(verdict, Outcome)
                else Outcome(outcome="stored" if verdict in new else "duplicate")
                for verdict in verdicts
            ]
        )

    def _row(self, touchpoint: Touchpoint, subject_id: UUID, purposes: tuple[str, ...], seals: Seals) -> Kept:
        properties = touchpoint.properties
        plain = msgspec.json.encode(properties) if properties else None
        return Kept(
            subject_id=subject_id,
            touchpoint_id=self._touchpoint_id(subject_id, touchpoint.id),
            event=touchpoint.event,
            channel=touchpoint.channel,
            occurred_at=touchpoint.occurred_at,
            purposes=purposes,
            sentiment=touchpoint.sentiment,
            properties=seals.seal(TOUCHPOINTS, "properties", subject_id, plain) if plain else None,
        )

    def _touchpoint_id(self, subject_id: UUID, given: str | None) -> UUID:
        """A sender's id may hold anything, so only a keyed hash of it is stored; without one nothing is a duplicate."""
        if given is None:
            return new_id()
        return UUID(bytes=self._tokens.hash(b"touchpoint", subject_id.bytes, given.encode())[:16])

    def _refuse_faulty(self, touchpoints: Sequence[Touchpoint], bundle: Bundle, now: datetime) -> None:
        faults: list[Fault] = []
        for place, touchpoint in enumerate(touchpoints):
            channel = bundle.channels.get(touchpoint.channel)
            if channel is None:
                known = ", ".join(sorted(bundle.channels))
                faults.append(Fault(f"$.touchpoints[{place}].channel", f"unknown; channels.toml has: {known}"))
            elif touchpoint.properties and not set(touchpoint.properties) <= set(channel.properties):
                declared = ", ".join(channel.properties) or "none"
                message = f"channels.toml declares for this channel: {declared}"
                faults.append(Fault(f"$.touchpoints[{place}].properties", message))
            if touchpoint.occurred_at > now + CLOCK_SKEW:
                faults.append(Fault(f"$.touchpoints[{place}].occurred_at", "lies in the future"))
        if faults:
            raise TouchpointRefused("Nothing was stored.", faults=faults)

    async def position(self, question: PositionQuestion, caller: Admission, cookie: str | None) -> Position:
        """Where someone is in a journey; raises `ConsentRequired` without consent for the journey's purpose."""
        bundle = self._policy.current
        journey = self._journey(bundle, question.journey)
        moment = caller.moment
        lookup = self._subjects.required_of(caller.principal, question.subject, cookie)
        standing = (await consent_store.standing(self._database, [lookup.hash], [journey.purpose])).get(lookup.hash)
        verdict = permissions(bundle, [journey.purpose], standing, moment.now, gpc=caller.gpc)[journey.purpose]
        if not verdict.allowed:
            raise ConsentRequired(f"The purpose {journey.purpose} is not allowed: {verdict.reason.value}.")
        if standing is None:
            return rules.position(journey, [], moment.now)
        contacts = await self._contacts.answer(
            _contacts_of(standing, journey, bundle.purposes[journey.purpose], moment.now)
        )
        return rules.position(journey, contacts, moment.now)

    def _journey(self, bundle: Bundle, journey_id: str | None) -> Journey:
        journey = bundle.journeys.get(journey_id or bundle.default_journey)
        if journey is None:
            known = ", ".join(sorted(bundle.journeys))
            raise JourneyUnknown(
                "Ask for another one.", faults=[Fault("$.journey", f"unknown; the bundle has: {known}")]
            )
        return journey

    async def facts(self, bundle: Bundle, standing: Standing, fields: Iterable[Field], now: datetime) -> Facts:
        """What is known of a subject, each field from the contacts kept for its purpose; the caller checked those."""
        journey = bundle.journeys[bundle.default_journey]
        by_purpose: dict[str, list[Field]] = {}
        for field in fields:
            if field.purpose is not None:
                by_purpose.setdefault(field.purpose, []).append(field)
        known: dict[str, Value] = {}
        for purpose, of_purpose in by_purpose.items():
            contacts = await self._contacts.answer(_contacts_of(standing, journey, bundle.purposes[purpose], now))
            known |= rules.facts(of_purpose, journey, contacts, now)
        return known


def _contacts_of(standing: Standing, journey: Journey, purpose: Purpose, now: datetime) -> ContactsQuestion:
    return ContactsQuestion(
        subject_id=standing.subject_id,
        purpose=purpose.id,
        since=counts_since(purpose, standing),
        expired=rules.window(journey, now),
        now=now,
    )


def _purposes(bundle: Bundle, standing: Standing | None, now: datetime, *, gpc: bool) -> tuple[tuple[str, ...], str]:
    """The purposes that may keep a touchpoint now, and the reason of the one that is nearest to it."""
    keeping = [purpose.id for purpose in bundle.purposes.values() if purpose.keeps(TOUCHPOINTS)]
    if standing is None:
        return (), Reason.UNKNOWN.value
    found = permissions(bundle, keeping, standing, now, gpc=gpc)
    reasons = {found[purpose].reason for purpose in keeping}
    nearest = next((reason for reason in NEAREST_FIRST if reason in reasons), Reason.UNKNOWN)
    return tuple(purpose for purpose in keeping if found[purpose].allowed), nearest.value


def _name(kept: Kept) -> tuple[bytes, bytes]:
    return kept.subject_id.bytes, kept.touchpoint_id.bytes
