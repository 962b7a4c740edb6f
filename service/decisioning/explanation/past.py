"""What of a person's past may still be read, and what it said, or would have said with some of it missing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from service.consent.model import Permission, Reason, Standing
from service.consent.rules import counts_since
from service.decisioning.explanation.model import InputsAre
from service.journey import rules
from service.journey.model import Contacts, Facts, PastContact
from service.policy.expression import Value
from service.policy.model import Bundle, Field, Journey

OVER = frozenset({Reason.WITHDRAWN, Reason.REFUSED, Reason.OBJECTED, Reason.UNKNOWN})
"""What was said no to is read no more, even while it waits to be deleted; what only ran out still explains itself."""


def fate(
    purposes: Collection[str],
    decided_at: datetime,
    standing: Standing,
    verdicts: Mapping[str, Permission],
    bundle: Bundle,
) -> InputsAre:
    """Whether what a decision for these purposes was made on may be read to explain it (Art. 7(3), 18)."""
    if standing.restriction:
        return "restricted"
    for purpose in purposes:
        verdict = verdicts.get(purpose)
        if verdict is None or verdict.reason in OVER:
            return "ended"
        since = counts_since(bundle.purposes[purpose], standing)
        if since is not None and since > decided_at:
            return "ended"
    return "kept"


def readable(
    contacts: Iterable[PastContact], standing: Standing, verdicts: Mapping[str, Permission], bundle: Bundle
) -> list[PastContact]:
    """Contacts for the purposes only for which each may be read now."""
    since = {p: counts_since(bundle.purposes[p], standing) for p, verdict in verdicts.items() if verdict.allowed}

    def counting(contact: PastContact) -> tuple[str, ...]:
        return tuple(
            p for p in contact.purposes if p in since and contact.recorded_at >= (since[p] or contact.recorded_at)
        )

    return [replace(contact, purposes=purposes) for contact in contacts if (purposes := counting(contact))]


def then_known(
    contacts: Iterable[PastContact], purposes: Collection[str], until: datetime, recorded_by: datetime
) -> list[PastContact]:
    """Of contacts those up to a time kept for any of these purposes, and known by another time."""
    return [
        contact
        for contact in contacts
        if contact.occurred_at <= until
        and contact.recorded_at <= recorded_by
        and not set(purposes).isdisjoint(contact.purposes)
    ]


def recalled(
    bundle: Bundle, fields: Iterable[Field], contacts: Sequence[PastContact], now: datetime, context: Facts
) -> Facts:
    """What fields say of a person, each from the contacts kept for its purpose."""
    by_purpose: dict[str, list[Field]] = {}
    for field in fields:
        if field.purpose is not None:
            by_purpose.setdefault(field.purpose, []).append(field)
    journey = bundle.journeys[bundle.default_journey]
    known: dict[str, Value] = {}
    for purpose, of_purpose in by_purpose.items():
        kept = _gathered(journey, [contact for contact in contacts if purpose in contact.purposes], now)
        known |= rules.facts(bundle, of_purpose, kept, now, context)
    return known


def _gathered(journey: Journey, contacts: Iterable[PastContact], now: datetime) -> list[Contacts]:
    """Contacts by event and channel, as they are read when it is decided."""
    by_kind: dict[tuple[str, str], list[datetime]] = {}
    for contact in contacts:
        by_kind.setdefault((contact.event, contact.channel), []).append(contact.occurred_at)
    expired = rules.window(journey, now)
    return [
        Contacts(
            event=event,
            channel=channel,
            count=len(times),
            last=max(times),
            recent=[time for time in times if time > expired],
        )
        for (event, channel), times in sorted(by_kind.items())
    ]
