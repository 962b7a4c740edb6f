"""The verbs of the journey: keep touchpoints, find where someone is, tell what is known."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from service.consent.commands import ConsentDesk
from service.consent.verdicts import permissions
from service.journey import rules, store
from service.journey.inquiry import contacts_of
from service.journey.keeping import Call, Keeper
from service.journey.model import (
    ConsentRequired,
    Contacts,
    JourneyUnknown,
    Outcomes,
    Position,
    PositionQuestion,
    Touchpoint,
    TouchpointRefused,
    Touchpoints,
)
from service.journey.store import ContactsQuestion
from service.kernel.auth import Admission, Principal
from service.kernel.batching import Batches
from service.kernel.crypto import Hasher
from service.kernel.database import Database
from service.kernel.idempotency import Answers
from service.kernel.problem import Fault
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle, Journey
from service.subjects.commands import Subjects
from service.subjects.model import IdentifierRefused, Lookup, SubjectMissing

CLOCK_SKEW = timedelta(seconds=5)


class JourneyDesk:
    """Keeps contacts where a purpose allows it, and reads no more than a purpose allows."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        consent: ConsentDesk,
        subjects: Subjects,
        answers: Answers,
        tokens: Hasher,
    ) -> None:
        self._database = database
        self._policy = policy
        self._consent = consent
        self._subjects = subjects
        self._answers = answers
        self._keeper = Keeper(database=database, subjects=subjects, answers=answers, tokens=tokens)
        self._contacts: Batches[ContactsQuestion, list[Contacts]] = Batches(self._read_contacts)

    async def close(self) -> None:
        """Keep everything that waits, and take nothing new."""
        await self._keeper.close()

    async def _read_contacts(self, questions: Sequence[ContactsQuestion]) -> list[list[Contacts]]:
        return await store.contacts(self._database, questions)

    async def add(self, batch: Touchpoints, caller: Admission, cookie: str | None, key: str | None) -> Outcomes:
        """Keep touchpoints whose subjects allow a purpose that keeps them; others are dropped, and it is said (D8)."""
        self._consent.gap.require_closed()
        bundle = self._policy.current
        refuse_faulty(batch.touchpoints, bundle, caller.moment.now)
        lookups = [
            self._lookup(bundle, caller.principal, t, cookie, place) for place, t in enumerate(batch.touchpoints)
        ]
        names = [lookup.name for lookup in lookups if lookup]
        claim = self._answers.claim(caller.principal, key, "touchpoints", batch, names)
        return await self._keeper.keep(
            Call(
                bundle=bundle,
                touchpoints=batch.touchpoints,
                lookups=lookups,
                claim=claim,
                at=caller.moment.override,
                gpc=caller.gpc,
            )
        )

    def _lookup(
        self, bundle: Bundle, caller: Principal, touchpoint: Touchpoint, cookie: str | None, place: int
    ) -> Lookup | None:
        """Whose contact it is; a batch is long, so that a subject who cannot be named is told with their place.

        None for a visitor without a cookie, as everybody is who gave no consent, on a channel that counts.
        """
        try:
            if caller.kind == "browser" and bundle.channels[touchpoint.channel].counts:
                return self._subjects.named_by(caller, touchpoint.subject, cookie)
            return self._subjects.required_of(caller, touchpoint.subject, cookie)
        except (IdentifierRefused, SubjectMissing) as problem:
            fault = Fault(f"$.touchpoints[{place}].subject", problem.detail)
            raise type(problem)("Nothing was stored.", faults=[fault]) from None

    async def position(self, question: PositionQuestion, caller: Admission, cookie: str | None) -> Position:
        """Where a subject is in a journey; raises `ConsentRequired` unless its purpose is allowed, `JourneyUnknown`."""
        self._consent.gap.require_closed()
        bundle = self._policy.current
        journey = _journey(bundle, question.journey)
        now = caller.moment.now
        lookup = self._subjects.required_of(caller.principal, question.subject, cookie)
        standing = await self._consent.standing(lookup.hash, [journey.purpose])
        verdict = permissions(bundle, [journey.purpose], standing, now, gpc=caller.gpc)[journey.purpose]
        if not verdict.allowed:
            raise ConsentRequired(f"The purpose {journey.purpose} is not allowed: {verdict.reason.value}.")
        if standing is None:
            return rules.position(journey, [], now)
        asked = contacts_of(standing, journey, bundle.purposes[journey.purpose], now)
        contacts = await self._contacts.answer(asked)
        return rules.position(journey, contacts, now)


def _journey(bundle: Bundle, journey_id: str | None) -> Journey:
    journey = bundle.journeys.get(journey_id or bundle.default_journey)
    if journey is None:
        known = ", ".join(sorted(bundle.journeys))
        raise JourneyUnknown("Ask for another one.", faults=[Fault("$.journey", f"unknown; the bundle has: {known}")])
    return journey


def refuse_faulty(touchpoints: Sequence[Touchpoint], bundle: Bundle, now: datetime) -> None:
    """Raise `TouchpointRefused` with everything that is wrong with touchpoints by this bundle at this time."""
    oldest = now - timedelta(days=bundle.retention.oldest_touchpoint)
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
        elif touchpoint.occurred_at < oldest:
            days = bundle.retention.oldest_touchpoint
            message = f"is older than the {days} days of oldest-touchpoint in retention.toml; leave it out"
            faults.append(Fault(f"$.touchpoints[{place}].occurred_at", message))
    if faults:
        raise TouchpointRefused("Nothing was stored.", faults=faults)
