"""The nouns of the report. People are whole numbers, times are seconds, and null is what is withheld, with a reason."""

from datetime import date
from typing import Literal

from msgspec import Struct, field

from service.kernel.problem import Problem
from service.policy.model import Text

Reason = Literal["smallest_group"]
"""Why a figure is null: fewer people than the journey's smallest group, or what a subtraction would tell of so few."""

Withheld = dict[str, Reason]
"""By the name of a member that is null, why."""


class ReportQuestion(Struct, frozen=True):
    """Which days (UTC, both counted in; None: as far back as evidence reaches, and today), channel and persona."""

    first: date | None = None
    last: date | None = None
    channel: str | None = None
    persona: str | None = None


class StageTold(Struct, frozen=True):
    """How many people are in a stage at the end (None: in none), and how many were in it at any time."""

    stage: str | None
    people: int | None
    reached: int | None
    withheld: Withheld = {}


class MoveTold(Struct, frozen=True):
    """How many went straight from one stage to another: their share of who was in the first, and after how long."""

    start: str = field(name="from")
    end: str = field(name="to")
    back: bool
    people: int | None
    share: float | None
    median_seconds: int | None
    withheld: Withheld = {}


class PathTold(Struct, frozen=True):
    """How many walked through just these stages, in this order."""

    stages: list[str]
    people: int


class Paths(Struct, frozen=True):
    """The paths that most people walked, and how many walked any other."""

    walked: list[PathTold]
    others: int | None
    withheld: Withheld = {}


class ChannelTold(Struct, frozen=True):
    """How many used a channel, bought or did what else converts there, met friction there, and were last seen there."""

    channel: str
    people: int | None
    converted: int | None
    dropped_off: int | None
    friction: dict[str, int | None]
    withheld: Withheld = {}


class PersonaTold(Struct, frozen=True):
    """How many are of a persona (None: of none), and of them converted, met friction, dropped off."""

    persona: str | None
    people: int | None
    converted: int | None
    dropped_off: int | None
    friction: dict[str, int | None]
    withheld: Withheld = {}


class FrictionTold(Struct, frozen=True):
    """How many met a friction of the journey."""

    friction: str
    kind: str
    people: int | None
    withheld: Withheld = {}


class DroppedIn(Struct, frozen=True):
    """How many were in a stage when they fell silent."""

    stage: str
    people: int | None
    withheld: Withheld = {}


class DropOffTold(Struct, frozen=True):
    """How many fell silent, and in which stage."""

    people: int | None
    stages: list[DroppedIn]
    withheld: Withheld = {}


class OfflineTold(Struct, frozen=True):
    """How many converted offline, and how many of them had looked online before."""

    people: int | None
    researched_online: int | None
    withheld: Withheld = {}


class TouchpointTold(Struct, frozen=True):
    """How many touched an event on a channel, how it felt on average (-2 to 2), and how much better it should feel."""

    event: str
    channel: str
    stage: str
    people: int | None
    sentiment: float | None
    feels: int | None
    gap: float | None
    expects: Text | None = None
    withheld: Withheld = {}


class MomentTold(Struct, frozen=True):
    """How many had a micro-moment."""

    moment: Text
    people: int | None
    withheld: Withheld = {}


class Declared(Struct, frozen=True):
    """A touchpoint of the journey that nobody touched; no channel: on any."""

    event: str
    channel: str | None
    stage: str


class Unmapped(Struct, frozen=True):
    """What people did and no rule of the journey speaks of."""

    event: str
    channel: str
    people: int


class Gaps(Struct, frozen=True):
    """Chances not taken: touchpoints that nobody touched, and contacts that nobody thought of.

    `withheld` speaks of `unmapped` where contacts of few people are left out of it.
    """

    unused: list[Declared]
    unmapped: list[Unmapped]
    withheld: Withheld = {}


class Report(Struct, frozen=True):
    """How people walked through a journey, from a day to another, both counted in."""

    journey: str
    bundle: str
    first: date = field(name="from")
    last: date = field(name="to")
    channel: str | None
    persona: str | None
    smallest_group: int
    people: int | None
    converted: int | None
    stages: list[StageTold]
    moves: list[MoveTold]
    paths: Paths
    channels: list[ChannelTold]
    personas: list[PersonaTold]
    friction: list[FrictionTold]
    drop_off: DropOffTold
    offline: OfflineTold
    touchpoints: list[TouchpointTold]
    moments: list[MomentTold]
    gaps: Gaps
    withheld: Withheld = {}


class ReportRefused(Problem):
    """The report cannot be made as it was asked for."""

    slug = "report-refused"
    status = 422
