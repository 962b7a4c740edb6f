"""Journeys and contacts as the tests of the journey write them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from service.journey.model import Contacts
from service.policy.model import Bundle, Field, Journey, Persona, Stage, TouchpointRule
from tests.consenting import NOON
from tests.unit.decisioning.offering import SHIPPED

Contact = tuple[str, str, timedelta]
"""An event, its channel, and how long before noon it was (negative: after)."""

WEIGHTS = {"look": ("see", 1.0), "compare": ("think", 2.0), "pay": ("do", 4.0), "glance": ("see", 1e-6)}


def journey(*, half_life_hours: float = 24, expiry_days: int = 30, hysteresis: float = 0.5) -> Journey:
    """A journey of three stages, one event each; what is paid in the shop is evidence for another one."""
    words = {"en": "words"}
    rules = [TouchpointRule(event, None, stage, weight, None) for event, (stage, weight) in WEIGHTS.items()]
    return Journey(
        id="short",
        title=words,
        purpose="personalization",
        half_life_hours=half_life_hours,
        expiry_days=expiry_days,
        hysteresis=hysteresis,
        stages=tuple(Stage(name, words, words, words, "Somebody") for name in ("see", "think", "do", "care")),
        rules=(*rules, TouchpointRule("pay", "shop", "care", 8.0, None)),
        ends=("leave", "close_account"),
    )


def bundle(*personas: Persona, fields: Iterable[Field] = ()) -> Bundle:
    """The shop's bundle with that journey alone, and with these personas over these fields."""
    known = {field.id: field for field in fields}
    through = journey()
    return replace(
        SHIPPED,
        journeys={through.id: through},
        default_journey=through.id,
        personas={persona.id: persona for persona in personas},
        fields=known,
    )


def kept(contacts: Iterable[Contact]) -> list[Contacts]:
    """Contacts gathered by event and channel, in no order, with what is expired or ahead among them."""
    gathered: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for event, channel, before in contacts:
        gathered[event, channel].append(NOON - before)
    return [
        Contacts(event=event, channel=channel, count=len(times), last=max(times), recent=times)
        for (event, channel), times in gathered.items()
    ]
