"""What fields say of a person, from their contacts."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from service.journey.model import Facts
from service.journey.rules import facts
from service.policy.expression import TypeName, compile_rule
from service.policy.model import Field, Persona
from tests.consenting import DAY, HOUR, NOON
from tests.unit.journey.walking import Contact, bundle, kept

CONTACTS: list[Contact] = [
    ("pay", "web", 400 * DAY),
    ("pay", "shop", 2 * DAY + 23 * HOUR),
    ("compare", "web", HOUR),
    ("elsewhere", "crm", DAY),
]


def field(source: str, event: str | None = None) -> Field:
    """A field about the person."""
    of_type: Any = "text" if source == "stage" else "number"
    from_source: Any = source
    return Field(
        id="asked", type=of_type, purpose="personalization", source=from_source, category="behaviour", event=event
    )


@pytest.mark.parametrize(
    ("asked", "contacts", "said"),
    [
        (field("count", "pay"), CONTACTS, 2.0),
        (field("count", "elsewhere"), CONTACTS, 1.0),
        (field("count", "look"), CONTACTS, 0.0),
        (field("count", "pay"), [], 0.0),
        (field("days_since", "pay"), CONTACTS, 2.0),
        (field("days_since", "compare"), CONTACTS, 0.0),
        (field("days_since", "look"), CONTACTS, None),
        (field("stage"), CONTACTS, "think"),
        (field("stage"), CONTACTS[:1], None),
        (field("context"), CONTACTS, None),
    ],
)
def test_what_a_field_says(asked: Field, contacts: list[Contact], said: object) -> None:
    """Counts are over all that is kept, days are whole, and what is not known is not said."""
    found = facts(bundle(), [asked], kept(contacts), NOON, {})
    assert found == ({} if said is None else {"asked": said})


def test_a_count_survives_the_expiry_of_evidence() -> None:
    """An old order is no evidence for a stage, and still an order."""
    old = kept([("pay", "web", timedelta(days=400))])
    assert facts(bundle(), [field("count", "pay")], old, NOON, {}) == {"asked": 1.0}
    assert facts(bundle(), [field("stage")], old, NOON, {}) == {}


FIELDS = {
    "orders": field("count", "pay"),
    "stage": field("stage"),
    "device": replace(field("context"), type="text", purpose=None),
    "persona": replace(field("persona"), type="text"),
}
TYPES: dict[str, TypeName] = {"orders": "number", "stage": "text", "device": "text"}


def persona(name: str, rule: str) -> Persona:
    """A persona of those fields."""
    compiled = compile_rule(rule, TYPES)
    return Persona(name, {"en": name}, compiled, compiled.reads)


FOUND = bundle(
    persona("regular", "orders >= 2"),
    persona("comparing", 'stage == "think" and device == "mobile"'),
    persona("traveller", 'device == "mobile"'),
    fields=[replace(each, id=name) for name, each in FIELDS.items()],
)
ASKED = [FOUND.fields["persona"]]


@pytest.mark.parametrize(
    ("contacts", "context", "said"),
    [
        (CONTACTS, {"device": "mobile"}, "regular"),
        (CONTACTS[2:], {"device": "mobile"}, "comparing"),
        (CONTACTS[3:], {"device": "mobile"}, "traveller"),
        (CONTACTS[2:], {}, None),
    ],
)
def test_the_first_persona_whose_rule_holds(contacts: list[Contact], context: Facts, said: str | None) -> None:
    """Personas are tried in the order of the file, over what is known for their purpose and what the request says."""
    found = facts(FOUND, ASKED, kept(contacts), NOON, context)
    assert found == ({} if said is None else {"persona": said})


def test_a_persona_is_told_without_what_it_was_inferred_from() -> None:
    """What a rule of a persona reads is no answer of its own, unless it was asked for as well."""
    both = [*ASKED, FOUND.fields["orders"]]
    assert facts(FOUND, both, kept(CONTACTS), NOON, {}) == {"persona": "regular", "orders": 2.0}
