"""Where everything stands on the page, and in which words."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from importlib.resources import files

import msgspec
from msgspec import Struct

from service.journey.report.model import Report
from service.policy.model import Bundle, Journey, Text

LANGUAGES = ("it", "en")
WIDTH, HEIGHT = 1188.0, 840.0
"""A4 across, four units a millimetre."""
LEFT, RIGHT, GUTTER = 36.0, 1152.0, 104.0
HEAD, CARDS, FLOWS, CHANNELS, FEELINGS, LEGEND = 30.0, 66.0, 184.0, 384.0, 636.0, 774.0
"""Where the rows begin."""
A_TENTH = 0.1


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of the map in one language."""

    map: str
    describes: str
    from_to: str
    people: str
    channel: str
    persona: str
    goal: str
    owner: str
    people_row: str
    touchpoints_row: str
    feelings_row: str
    withheld: str
    reached: str
    silent: str
    forward: str
    back: str
    legend_withheld: str
    legend_friction: str
    legend_silent: str
    legend_felt: str
    legend_expected: str
    legend_share: str
    not_told: str
    good: str
    bad: str
    so_so: str
    anywhere: str
    unused: str
    unmapped: str
    thousands: str
    decimal: str


@cache
def words_in(language: str) -> Words:
    """The words in a language of the map."""
    return msgspec.convert(tomllib.loads((files("service.journey.map") / f"{language}.toml").read_text("utf-8")), Words)


class Page(Struct, frozen=True, dict=True):
    """A report to be drawn, with the bundle that it is of."""

    report: Report
    bundle: Bundle
    language: str

    @cached_property
    def words(self) -> Words:
        """The words of the map."""
        return words_in(self.language)

    @cached_property
    def journey(self) -> Journey:
        """The journey."""
        return self.bundle.journeys[self.report.journey]

    @cached_property
    def stages(self) -> list[str]:
        """The stages, from left to right."""
        return [stage.id for stage in self.journey.stages]

    @property
    def column(self) -> float:
        """How wide a stage is."""
        return (RIGHT - LEFT - GUTTER) / len(self.stages)

    def edge(self, stage: int) -> float:
        """Where a stage begins."""
        return LEFT + GUTTER + stage * self.column

    def centre(self, stage: int) -> float:
        """The middle of a stage."""
        return self.edge(stage) + self.column / 2

    def said(self, words: Text) -> str:
        """Words of the bundle in the language of the map, or in the first that they are in."""
        return words.get(self.language) or next(iter(words.values()), "")

    def number(self, people: int | None) -> str:
        """How many people, or that it is withheld."""
        return self.words.withheld if people is None else f"{people:,}".replace(",", self.words.thousands)

    def percent(self, share: float) -> str:
        """A share of a whole."""
        return f"{share:.{0 if share >= A_TENTH else 1}%}".replace(".", self.words.decimal)

    def day(self, day: date) -> str:
        """A day as it is read."""
        return f"{day.day}/{day.month}/{day.year}" if self.language == "it" else f"{day:%d %b %Y}"


def readable(event: str) -> str:
    """The name of an event, as words."""
    return event.replace("_", " ").replace(".", " ").replace("-", " ")


def by_stage(figures: Mapping[str, int | None], stages: list[str]) -> list[int | None]:
    """Figures in the order of the stages; what is not there is none."""
    return [figures.get(stage, 0) for stage in stages]
