"""The kinds of contact that there are, and what a journey says of each, as the numbers that the database needs."""

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from service.policy.model import Bundle, Journey, Text, TouchpointRule

HOUR, DAY = 3600.0, 86_400.0
MOST_CHANNELS = 62
"""Channels fit in the bits of a number; those of a bundle beyond these, and those it no longer has, are told as one."""


class Kind(Struct, frozen=True):
    """An event on a channel, and the rule that speaks of it, if one does."""

    event: str
    channel: str
    rule: TouchpointRule | None


class Kinds(Struct, frozen=True, dict=True):
    """Every kind of contact, numbered from 1; stages and frictions are numbered from 1 too, channels from 0."""

    bundle: Bundle
    journey: Journey
    kinds: tuple[Kind, ...]

    @cached_property
    def stages(self) -> list[str]:
        """The stages by number; 0 is none."""
        return ["", *(stage.id for stage in self.journey.stages)]

    @cached_property
    def channels(self) -> list[str]:
        """The channels by number."""
        return list(self.bundle.channels)[:MOST_CHANNELS]

    def place(self, channel: str) -> int:
        """The number of a channel."""
        return self.channels.index(channel) if channel in self.channels else MOST_CHANNELS

    def speaks_of(self, kind: Kind) -> bool:
        """Whether anything in the journey does."""
        named = {*self.journey.ends, *self.journey.conversions}
        return kind.rule is not None or kind.event in named.union(*(f.events for f in self.journey.friction))

    def columns(self) -> Sequence[object]:
        """Of each kind: event, channel, converts, online, place, stage, weight, event by number, friction, moment."""
        journey, events = self.journey, sorted({kind.event for kind in self.kinds})
        channels = self.bundle.channels
        return (
            [kind.event for kind in self.kinds],
            [kind.channel for kind in self.kinds],
            [kind.event in journey.conversions for kind in self.kinds],
            [kind.channel in channels and channels[kind.channel].place == "online" for kind in self.kinds],
            [self.place(kind.channel) for kind in self.kinds],
            [self.stages.index(kind.rule.stage) if kind.rule else 0 for kind in self.kinds],
            [kind.rule.weight if kind.rule else 0.0 for kind in self.kinds],
            [events.index(kind.event) for kind in self.kinds],
            [self._frictions(kind.event) for kind in self.kinds],
            [self.moments.index(kind.rule.moment) + 1 if kind.rule and kind.rule.moment else 0 for kind in self.kinds],
        )

    @cached_property
    def moments(self) -> list[Text]:
        """The micro-moments of the journey, each once."""
        found: list[Text] = []
        for rule in self.journey.rules:
            if rule.moment is not None and rule.moment not in found:
                found.append(rule.moment)
        return found

    def _frictions(self, event: str) -> int:
        """The frictions that an event may be part of, as the bits of a number."""
        return sum(1 << n for n, friction in enumerate(self.journey.friction, 1) if event in friction.events)

    def walking(self) -> Sequence[object]:
        """How people walk: number of stages, half-life in seconds, hysteresis, kinds that end it, and the frictions."""
        journey = self.journey
        friction = journey.friction
        return (
            len(journey.stages),
            journey.half_life_hours * HOUR,
            journey.hysteresis,
            [number for number, kind in enumerate(self.kinds, 1) if kind.event in journey.ends],
            [f.kind for f in friction],
            [self.stages.index(f.stage) if f.stage else 0 for f in friction],
            [f.times or 0 for f in friction],
            [(f.within_hours or f.hours or 0) * HOUR for f in friction],
        )

    def leaving(self) -> Sequence[object]:
        """Research in seconds; after how many seconds of silence people have dropped off, and in which stages."""
        drop_off = self.journey.drop_off
        stages = [self.stages.index(stage) for stage in drop_off.stages] if drop_off else []
        return (self.journey.research_days * DAY, drop_off.silence_days * DAY if drop_off else 0.0, stages)


def kinds_of(bundle: Bundle, journey: Journey, pairs: Sequence[tuple[str, str]]) -> Kinds:
    """Kinds of contact by event and channel, in the order in which contacts of one instant add up."""
    kinds = [Kind(event, channel, journey.rule_for(event, channel)) for event, channel in pairs]
    kinds.sort(key=lambda k: (k.rule.stage if k.rule else "", k.rule.weight if k.rule else 0, k.event, k.channel))
    return Kinds(bundle=bundle, journey=journey, kinds=tuple(kinds))
