"""The nouns of journeys: channels, stages, what is evidence for them, what goes wrong on the way, and personas."""

from typing import Literal

from msgspec import Struct

from service.policy.expression import Rule
from service.policy.model.company import Text

Place = Literal["online", "offline"]
FrictionKind = Literal["loop", "pause", "error"]


class Channel(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a touchpoint happens. `properties` names the only keys that its touchpoints may carry.

    Where it `counts`, a touchpoint that nobody allows to keep is counted, without its subject.
    """

    id: str
    title: Text
    place: Place
    properties: tuple[str, ...] = ()
    counts: bool = False


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """A place in a journey: what the customer thinks there, what we want to achieve, and who answers for it."""

    id: str
    title: Text
    mindset: Text
    goal: Text
    owner: str


class TouchpointRule(Struct, frozen=True, forbid_unknown_fields=True):
    """An event as evidence for a stage; with a channel, only there. `expects` is what the customer hopes to find.

    `moment` names the short instant in which somebody looks, compares or decides; `feels` says how it should feel, from
    -2 to 2: where people feel worse there is a gap. `title` is what a person calls such a contact.
    """

    event: str
    channel: str | None
    stage: str
    weight: float
    expects: Text | None
    moment: Text | None = None
    feels: int | None = None
    title: Text | None = None


class Friction(Struct, frozen=True, forbid_unknown_fields=True):
    """What makes the way hard.

    A loop is the same of its events `times` times within `within_hours`; a pause is so many `hours` between two
    contacts while in the stage; an error is one of its events.
    """

    id: str
    title: Text
    kind: FrictionKind
    events: tuple[str, ...] = ()
    times: int | None = None
    within_hours: float | None = None
    stage: str | None = None
    hours: float | None = None


class DropOff(Struct, frozen=True, forbid_unknown_fields=True):
    """Who has been silent for so many days, in one of these stages, has dropped off."""

    silence_days: int
    stages: tuple[str, ...]


class Journey(Struct, frozen=True, forbid_unknown_fields=True):
    """Stages in order, and how touchpoints become evidence for them.

    Evidence halves every `half_life_hours` and is gone after `expiry_days`. A person moves only when another stage
    leads by more than `hysteresis`, a share of the evidence for the stage they are in (0 moves at once).

    An event in `ends` ends the relationship: evidence up to it counts no more. Contact online at most `research_days`
    before a conversion offline is research online, purchase offline. A report tells of no group of fewer people than
    `smallest_group`.
    """

    id: str
    title: Text
    purpose: str
    half_life_hours: float
    expiry_days: int
    hysteresis: float
    stages: tuple[Stage, ...]
    rules: tuple[TouchpointRule, ...]
    smallest_group: int = 10
    ends: tuple[str, ...] = ()
    conversions: tuple[str, ...] = ()
    research_days: int = 30
    friction: tuple[Friction, ...] = ()
    drop_off: DropOff | None = None

    def rule_for(self, event: str, channel: str) -> TouchpointRule | None:
        """The rule for an event on a channel; one that names the channel comes before one that does not."""
        general: TouchpointRule | None = None
        for rule in self.rules:
            if rule.event == event and rule.channel == channel:
                return rule
            if rule.event == event and rule.channel is None:
                general = rule
        return general


class Persona(Struct, frozen=True, forbid_unknown_fields=True):
    """A coarse kind of customer: who is one is said by a rule, and of several the first in the file counts."""

    id: str
    title: Text
    rule: Rule
    reads: frozenset[str]
