"""What a log comes to: people by stage and persona, moves between stages, and each kind of touchpoint."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from service.cli.journeys.events import Event
from service.cli.journeys.walk import Walk
from service.policy.model import Bundle, Journey, Text

LANGUAGE = "en"
Role = Literal["evidence", "end", "friction"]


class StageTotal(Struct, frozen=True):
    """How many people are in a stage in the end (None: in none)."""

    stage: str | None
    title: str
    people: int


class PersonaTotal(Struct, frozen=True):
    """How many people are of a persona in the end (None: of none)."""

    persona: str | None
    title: str
    people: int


class MoveTotal(Struct, frozen=True, rename={"from_stage": "from", "to_stage": "to"}):
    """How often people moved from one stage to another, and how many people ever did. `back`: to an earlier stage."""

    from_stage: str | None
    to_stage: str | None
    moves: int
    people: int
    back: bool


class TouchpointTotal(Struct, frozen=True):
    """How many events of a kind, what they are to the journey (None: no rule speaks of them), and how they felt.

    Evidence is for a `stage`. `first_line` is where the log has the first; a `gap` below 0 is how much worse they felt
    than they should.
    """

    event: str
    channel: str
    role: Role | None
    stage: str | None
    moment: str | None
    events: int
    first_line: int
    sentiment: float | None
    feels: int | None
    gap: float | None


class _Kind(Struct):
    """What is counted of one event on one channel."""

    first_line: int
    events: int = 0
    felt: int = 0
    feeling: int = 0


class Totals(Struct):
    """Counts that grow by event and by person, and do not grow with either."""

    events: int = 0
    duplicates: int = 0
    people: int = 0
    kinds: dict[tuple[str, str], _Kind] = field(default_factory=dict[tuple[str, str], _Kind])
    stages: Counter[str | None] = field(default_factory=Counter[str | None])
    personas: Counter[str | None] = field(default_factory=Counter[str | None])
    moves: Counter[tuple[str | None, str | None]] = field(default_factory=Counter[tuple[str | None, str | None]])
    movers: Counter[tuple[str | None, str | None]] = field(default_factory=Counter[tuple[str | None, str | None]])

    def add(self, event: Event, line: int) -> None:
        """Count an event."""
        self.events += 1
        kind = self.kinds.setdefault((event.event, event.channel), _Kind(first_line=line))
        kind.events += 1
        if event.sentiment is not None:
            kind.felt += 1
            kind.feeling += event.sentiment

    def walked(self, walk: Walk) -> None:
        """Count a person."""
        self.people += 1
        self.stages[walk.stage] += 1
        self.personas[walk.persona] += 1
        own = Counter((move.from_stage, move.to_stage) for move in walk.moves)
        self.moves.update(own)
        self.movers.update(own.keys())

    def by_stage(self, journey: Journey) -> list[StageTotal]:
        """People by stage, in the order of the journey; last those who are in none."""
        titles = {stage.id: words(stage.title) for stage in journey.stages}
        return [StageTotal(stage, titles.get(stage or "", ""), self.stages[stage]) for stage in (*titles, None)]

    def by_persona(self, bundle: Bundle) -> list[PersonaTotal]:
        """People by persona, in the order of the file; last those who are of none."""
        titles = {persona.id: words(persona.title) for persona in bundle.personas.values()}
        return [PersonaTotal(name, titles.get(name or "", ""), self.personas[name]) for name in (*titles, None)]

    def by_move(self, journey: Journey) -> list[MoveTotal]:
        """Moves in the order of the journey."""
        order = {None: -1} | {stage.id: place for place, stage in enumerate(journey.stages)}
        pairs = sorted(self.moves, key=lambda pair: (order[pair[0]], order[pair[1]]))
        return [
            MoveTotal(*pair, self.moves[pair], self.movers[pair], back=-1 < order[pair[1]] < order[pair[0]])
            for pair in pairs
        ]

    def by_touchpoint(self, journey: Journey) -> Iterator[TouchpointTotal]:
        """Events by kind, the most frequent first."""
        for (event, channel), kind in sorted(self.kinds.items(), key=lambda item: (-item[1].events, item[0])):
            rule = journey.rule_for(event, channel)
            felt = kind.feeling / kind.felt if kind.felt else None
            feels = rule.feels if rule else None
            yield TouchpointTotal(
                event=event,
                channel=channel,
                role="evidence" if rule else _role(journey, event),
                stage=rule.stage if rule else None,
                moment=words(rule.moment) if rule and rule.moment else None,
                events=kind.events,
                first_line=kind.first_line,
                sentiment=None if felt is None else _rounded(felt),
                feels=feels,
                gap=None if felt is None or feels is None else _rounded(felt - feels),
            )


def _rounded(value: float) -> float:
    return round(value, 2) + 0.0  # so that there is no -0


def _role(journey: Journey, event: str) -> Role | None:
    if event in journey.ends:
        return "end"
    return "friction" if any(event in friction.events for friction in journey.friction) else None


def words(text: Text) -> str:
    """A text in English, else in its first language."""
    return text.get(LANGUAGE) or next(iter(text.values()))
