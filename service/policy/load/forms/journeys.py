"""The forms of channels, journeys and personas."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from service.policy.load import values
from service.policy.load.forms.marks import (
    Days,
    Event,
    Hours,
    Id,
    Key,
    PurposeId,
    Text,
    Words,
)
from service.policy.load.values import Judged, Names
from service.policy.model import (
    FrictionKind,
    Place,
)


class ChannelForm(Struct, frozen=True):
    """`[channel.<id>]`: where touchpoints happen."""

    title: Text
    place: Place
    properties: tuple[Key, ...] = ()
    counts: bool = False


class ChannelsFile(Struct, frozen=True):
    """channels.toml: the channels."""

    channel: Mapping[Id, ChannelForm] = {}


class StageForm(Struct, frozen=True):
    """`[stage.<id>]`: a place in a journey; their order in the file is that of the journey."""

    title: Text
    mindset: Text
    goal: Text
    owner: Words


class TouchpointForm(Struct, frozen=True):
    """`[[touchpoint]]`: an event as evidence for a stage."""

    event: Event
    stage: str
    weight: Annotated[float, Judged(values.above_zero(1000))]
    channel: Annotated[str, Names("channel")] | None = None
    expects: Text | None = None
    moment: Text | None = None
    feels: Annotated[int, Judged(values.between(-2, 2))] | None = None
    title: Text | None = None


class FrictionForm(Struct, frozen=True):
    """`[[friction]]`: what makes the way hard."""

    id: Id
    title: Text
    kind: FrictionKind
    events: tuple[Event, ...] = ()
    times: Annotated[int, Judged(values.between(2, 1000))] | None = None
    within_hours: Hours | None = None
    stage: str | None = None
    hours: Hours | None = None


class DropOffForm(Struct, frozen=True):
    """`[drop-off]`: who has dropped off."""

    silence_days: Days
    stages: tuple[str, ...]


class JourneyFile(Struct, frozen=True):
    """journeys/<id>.toml: one journey."""

    title: Text
    purpose: PurposeId
    half_life_hours: Hours
    expiry_days: Days
    hysteresis: Annotated[float, Judged(values.between(0, 10))]
    stage: Mapping[Id, StageForm]
    touchpoint: tuple[TouchpointForm, ...]
    default: bool = False
    smallest_group: Annotated[int, Judged(values.between(2, 1000, " people"))] = 10
    ends: tuple[Event, ...] = ()
    conversions: tuple[Event, ...] = ()
    research_days: Days = 30
    friction: tuple[FrictionForm, ...] = ()
    drop_off: DropOffForm | None = None


class PersonaForm(Struct, frozen=True):
    """`[persona.<id>]`: a coarse kind of customer; the first in the file whose rule holds counts."""

    title: Text
    rule: str


class PersonasFile(Struct, frozen=True):
    """personas.toml: the personas; the file may be left out."""

    persona: Mapping[Id, PersonaForm] = {}
