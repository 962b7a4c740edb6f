"""What fields say of a person, from their contacts."""

from datetime import timedelta
from typing import Any

import pytest

from service.journey.rules import facts
from service.policy.model import Field
from tests.consenting import DAY, HOUR, NOON
from tests.unit.journey.walking import Contact, journey, kept

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
    through = journey()
    found = facts([asked], through, kept(contacts), NOON)
    assert found == ({} if said is None else {"asked": said})


def test_a_count_survives_the_expiry_of_evidence() -> None:
    """An old order is no evidence for a stage, and still an order."""
    through = journey()
    old = kept([("pay", "web", timedelta(days=400))])
    assert facts([field("count", "pay")], through, old, NOON) == {"asked": 1.0}
    assert facts([field("stage")], through, old, NOON) == {}
