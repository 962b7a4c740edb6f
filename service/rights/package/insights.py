"""What is worked out about a person when it is needed, and stored nowhere: their stage, and what fields say of them.

Only for purposes that are allowed now: for any other it is not worked out, in a package as little as elsewhere (D1).
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from service.consent import store as consent_store
from service.consent.model import Standing
from service.consent.verdicts import permissions
from service.decisioning.explanation.names import Names
from service.journey import inquiry, rules
from service.journey import store as journey_store
from service.kernel.database import Connection
from service.policy.model import Field
from service.rights.package.meanings import Meaning, TableMeaning

STAGES, INFERENCES = "stages", "inferences"
INFERENCE = "inference"

MEANINGS: Mapping[str, TableMeaning] = {
    STAGES: TableMeaning(
        meaning="Where the person is in each journey, and the evidence for it; worked out for this package.",
        columns={
            "journey": Meaning("Which journey.", INFERENCE, "text"),
            "purpose": Meaning("For which purpose it may be worked out.", INFERENCE, "text"),
            "stage": Meaning("At which stage.", INFERENCE, "text"),
            "since": Meaning("Since when.", INFERENCE, "timestamp with time zone"),
            "evidence": Meaning("How much speaks for each stage.", INFERENCE, "jsonb"),
            "previous": Meaning("The stage before.", INFERENCE, "text"),
        },
    ),
    INFERENCES: TableMeaning(
        meaning="What the fields that rules of offers read say of the person; worked out for this package.",
        columns={
            "field": Meaning("Which field.", INFERENCE, "text"),
            "purpose": Meaning("For which purpose it may be worked out.", INFERENCE, "text"),
            "value": Meaning("What it says.", INFERENCE, "any"),
        },
    ),
}


async def insights(
    connection: Connection, names: Names, subject_id: UUID, now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """The rows of both tables; empty for who allows nothing."""
    bundle = names.bundle
    standing = (await consent_store.standing_of(connection, [subject_id], bundle.purposes)).get(subject_id)
    if standing is None:
        return {}
    verdicts = permissions(bundle, [*bundle.purposes], standing, now, gpc=False)
    allowed = {purpose for purpose, verdict in verdicts.items() if verdict.allowed}
    fields = [field for field in bundle.fields.values() if field.purpose in allowed]
    return {
        STAGES: [row async for row in _stages(connection, names, standing, allowed, now)],
        INFERENCES: [*_told(names, fields, await _facts(connection, names, standing, fields, now))],
    }


async def _stages(
    connection: Connection, names: Names, standing: Standing, allowed: set[str], now: datetime
) -> AsyncIterator[dict[str, Any]]:
    for journey in names.bundle.journeys.values():
        if journey.purpose not in allowed:
            continue
        question = inquiry.contacts_of(standing, journey, names.bundle.purposes[journey.purpose], now)
        (contacts,) = await journey_store.contacts(connection, [question])
        position = rules.position(journey, contacts, now)
        if position.stage is None:
            continue
        yield {
            "journey": journey.id,
            "purpose": journey.purpose,
            "stage": position.stage,
            "since": position.since,
            "evidence": position.evidence,
            "previous": position.previous,
        }


async def _facts(
    connection: Connection, names: Names, standing: Standing, fields: list[Field], now: datetime
) -> Mapping[str, Any]:
    asked = inquiry.inquiries(names.bundle, standing, fields, now)
    read = await journey_store.contacts(connection, [one.question for one in asked]) if asked else []
    return inquiry.facts(names.bundle, asked, read, now, {})


def _told(names: Names, fields: list[Field], facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for field in fields:
        if field.id in facts:
            yield {"field": names.field(field.id).title, "purpose": field.purpose, "value": facts[field.id]}
