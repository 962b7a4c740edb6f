"""What has to be read of somebody to know what fields say of them, and what they say once it was read."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from service.consent.model import Standing
from service.consent.rules import counts_since
from service.journey import rules
from service.journey.model import Contacts, Facts
from service.journey.store import ContactsQuestion
from service.policy.expression import Value
from service.policy.model import Bundle, Field, Journey, Purpose


class Inquiry(Struct, frozen=True):
    """The fields of one purpose, and the contacts that tell of them."""

    fields: Sequence[Field]
    question: ContactsQuestion


def inquiries(bundle: Bundle, standing: Standing, fields: Iterable[Field], now: datetime) -> list[Inquiry]:
    """What to read of a subject, for each purpose of these fields; the caller has checked that those are allowed."""
    journey = bundle.journeys[bundle.default_journey]
    by_purpose: dict[str, list[Field]] = {}
    for field in fields:
        if field.purpose is not None:
            by_purpose.setdefault(field.purpose, []).append(field)
    return [
        Inquiry(of_purpose, contacts_of(standing, journey, bundle.purposes[purpose], now))
        for purpose, of_purpose in by_purpose.items()
    ]


def facts(
    bundle: Bundle, asked: Sequence[Inquiry], read: Sequence[Sequence[Contacts]], now: datetime, context: Facts
) -> Facts:
    """What is known of a subject, each field from the contacts kept for its purpose.

    `context` is what the request says of itself, which personas may ask for.
    """
    known: dict[str, Value] = {}
    for inquiry, contacts in zip(asked, read, strict=True):
        known |= rules.facts(bundle, inquiry.fields, contacts, now, context)
    return known


def contacts_of(standing: Standing, journey: Journey, purpose: Purpose, now: datetime) -> ContactsQuestion:
    """The contacts of a subject that count for a purpose."""
    return ContactsQuestion(
        subject_id=standing.subject_id,
        purpose=purpose.id,
        since=counts_since(purpose, standing),
        expired=rules.window(journey, now),
        now=now,
    )
