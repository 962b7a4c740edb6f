"""The kinds of contact that there are, and what a journey says of each, as the numbers that the database needs."""

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from service.policy.model import Bundle, Journey, Text, TouchpointRule

HOUR, DAY = 3600.0, 86_400.0
MOST, MOST_CHANNELS = 64, 62
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
        """What is said of each kind: event, channel, converts, online, ends, place, what it is, weight, moment."""
        journey, channels = self.journey, self.bundle.channels
        return (
            [kind.event for kind in self.kinds],
            [kind.channel for kind in self.kinds],
            [kind.event in journey.conversions for kind in self.kinds],
            [kind.channel in channels and channels[kind.channel].place == "online" for kind in self.kinds],
            [kind.event in journey.ends for kind in self.kinds],
            [self.place(kind.channel) for kind in self.kinds],
            [self._what(kind) for kind in self.kinds],
            [kind.rule.weight if kind.rule else 0.0 for kind in self.kinds],
            [self.moments.index(kind.rule.moment) + 1 if kind.rule and kind.rule.moment else 0 for kind in self.kinds],
        )

    def _what(self, kind: Kind) -> int:
        """A kind as one number: its event among those of frictions, its channel, its stage."""
        event = self._troubling.index(kind.event) + 1 if kind.event in self._troubling else 0
        stage = self.stages.index(kind.rule.stage) if kind.rule else 0
        return (event * MOST + self.place(kind.channel)) * MOST + stage

    @cached_property
    def _troubling(self) -> list[str]:
        """The events that frictions speak of."""
        return sorted({event for friction in self.journey.friction for event in friction.events})

    @cached_property
    def moments(self) -> list[Text]:
        """The micro-moments of the journey, each once."""
        found: list[Text] = []
        for rule in self.journey.rules:
            if rule.moment is not None and rule.moment not in found:
                found.append(rule.moment)
        return found

    def walking(self) -> Sequence[object]:
        """How people walk: number of stages, half-life in seconds, hysteresis, and the frictions on their way."""
        journey = self.journey
        friction = journey.friction
        return (
            len(journey.stages),
            journey.half_life_hours * HOUR,
            journey.hysteresis,
            list(range(1, len(friction) + 1)),
            [f.kind for f in friction],
            [self.stages.index(f.stage) if f.stage else 0 for f in friction],
            [f.times or 0 for f in friction],
            [(f.within_hours or f.hours or 0) * HOUR for f in friction],
            [sum(1 << n for n, f in enumerate(friction, 1) if event in f.events) for event in self._troubling],
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
