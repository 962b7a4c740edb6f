"""One person's way through a journey, by the rules of the service: what it would have said at each time."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from service.cli.journeys.sorting import Occurred
from service.journey import rules
from service.journey.model import Contacts
from service.policy.expression import TODAY
from service.policy.model import Bundle, Journey


class Move(Struct, frozen=True, rename={"from_stage": "from", "to_stage": "to"}):
    """From one stage to another; None is none, before the first evidence and when there is no more."""

    at: datetime
    from_stage: str | None
    to_stage: str | None
    evidence: dict[str, float]


class Walk(Struct, frozen=True):
    """Where somebody ended up, and every move on the way."""

    person: str
    stage: str | None
    since: datetime | None
    evidence: dict[str, float]
    persona: str | None
    moves: list[Move]


def walk(bundle: Bundle, journey: Journey, person: str, events: Sequence[Occurred], until: datetime) -> Walk:
    """The way of a person through a journey up to a time, asked wherever it can turn: at events and at their expiry."""
    told = [event for event in events if _speaks(journey, event)]
    times = [event.at for event in told]
    contacts = [Contacts(event.event, event.channel, 1, event.at, [event.at]) for event in told]
    expiry = timedelta(days=journey.expiry_days)
    turns = {*times, *(at + expiry for at in times), until}
    place = rules.position(journey, [], until)
    moves: list[Move] = []
    for turn in sorted(turn for turn in turns if turn <= until):
        alive = contacts[bisect_right(times, turn - expiry) : bisect_right(times, turn)]
        before, place = place, rules.position(journey, alive, turn)
        if place.stage != before.stage:
            moves.append(Move(turn, before.stage, place.stage, place.evidence))
    return Walk(person, place.stage, place.since, place.evidence, _persona(bundle, events, until), moves)


def _speaks(journey: Journey, event: Occurred) -> bool:
    return event.event in journey.ends or journey.rule_for(event.event, event.channel) is not None


def _persona(bundle: Bundle, events: Sequence[Occurred], until: datetime) -> str | None:
    """Who somebody is by the end, as far as it does not depend on what a request says of itself."""
    if not bundle.personas:
        return None
    read = {name for persona in bundle.personas.values() for name in persona.reads}
    contacts = [Contacts(event.event, event.channel, 1, event.at, [event.at]) for event in events]
    known = rules.facts(bundle, [bundle.fields[name] for name in sorted(read)], contacts, until, {})
    return rules.persona(bundle, {**known, TODAY: until.date()})
