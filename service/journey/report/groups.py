"""The figures of channels, personas and touchpoints."""

from service.journey.report.kinds import MOST_CHANNELS, Kind
from service.journey.report.model import (
    ChannelTold,
    Declared,
    Gaps,
    MomentTold,
    PersonaTold,
    TouchpointTold,
    Unmapped,
    Withheld,
)
from service.journey.report.rules import Cell, people_in, together, without
from service.journey.report.telling import Telling, Told
from service.policy.model import TouchpointRule


def channels(telling: Telling) -> list[ChannelTold]:
    """What happened on each channel; one that few used is told of without figures."""
    tally = telling.tally
    places = sorted({place for place, _ in tally.of("channel")} - {MOST_CHANNELS})
    used = {place: together([tally.cell("channel", place), tally.cell("channel", place, 1)]) for place in places}
    converted = {place: tally.cell("channel", place, 1) for place in places}
    dropped: dict[int, Cell] = {}
    for (_, place), cell in tally.of("dropped").items():
        dropped[place] = together([dropped.get(place, {}), cell])
    hidden_converted = telling.divisions.withheld(converted)
    hidden_dropped = telling.divisions.withheld(dropped)
    told: list[ChannelTold] = []
    for place in places:
        row, people = telling.row(), used[place]
        told.append(
            ChannelTold(
                channel=telling.kinds.channels[place],
                people=row.people("people", people, telling.everybody),
                converted=row.people("converted", converted[place], people, safe=place not in hidden_converted),
                dropped_off=row.people("dropped_off", dropped.get(place, {}), safe=place not in hidden_dropped),
                friction=_friction_on(telling, row, place, people),
                withheld=row.withheld,
            )
        )
    return told


def _friction_on(telling: Telling, row: Told, place: int, within: Cell) -> dict[str, int | None]:
    cells = telling.tally.of("friction")
    told: dict[str, int | None] = {}
    for number, friction in enumerate(telling.kinds.journey.friction, 1):
        family = {other: cell for (one, other), cell in cells.items() if one == number and other >= 0}
        safe = place not in telling.divisions.withheld(family)
        cell, total = family.get(place, {}), telling.tally.cell("friction", number, -1)
        told[friction.id] = row.people(f"friction.{friction.id}", cell, within, total, safe=safe)
    return told


def personas(telling: Telling, alike: frozenset[int], persona: int | None) -> list[PersonaTold]:
    """What people of each persona did, or of the one that is asked for; of those that are few nothing is told."""
    names: list[str | None] = [None, *telling.kinds.bundle.personas]
    return [
        _persona(telling, alike, number, names[number])
        for number in (range(len(names)) if persona is None else [persona])
    ]


def _persona(telling: Telling, alike: frozenset[int], number: int, name: str | None) -> PersonaTold:
    row, tally = telling.row(), telling.tally
    people = _of_persona(telling.everybody, number)

    def figure(member: str, cell: Cell) -> int | None:
        family = {n: _of_persona(cell, n) for n in range(len(telling.kinds.bundle.personas) + 1)}
        safe = number not in telling.divisions.withheld(family, alike)
        return row.people(member, family[number], people, safe=safe)

    return PersonaTold(
        persona=name,
        people=row.people("people", people, safe=number not in alike),
        converted=figure("converted", tally.cell("converted")),
        dropped_off=figure("dropped_off", telling.dropped()),
        friction={
            friction.id: figure(f"friction.{friction.id}", tally.cell("friction", n, -1))
            for n, friction in enumerate(telling.kinds.journey.friction, 1)
        },
        withheld=row.withheld,
    )


def _of_persona(cell: Cell, number: int) -> Cell:
    return {part: people for part, people in cell.items() if part // 2 == number}


def touchpoints(telling: Telling) -> list[TouchpointTold]:
    """What people touched that a rule of the journey speaks of, and how it felt."""
    told = [
        _touchpoint(telling, number, kind, kind.rule)
        for number, kind in enumerate(telling.kinds.kinds, 1)
        if kind.rule and people_in(telling.tally.cell("touched", number), telling.divisions.asked)
    ]
    order = {channel: place for place, channel in enumerate(telling.kinds.channels)}
    stages = telling.kinds.stages
    return sorted(told, key=lambda t: (order.get(t.channel, MOST_CHANNELS), stages.index(t.stage), t.event))


def _touchpoint(telling: Telling, number: int, kind: Kind, rule: TouchpointRule) -> TouchpointTold:
    row, touched, rated = telling.row(), telling.tally.cell("touched", number), telling.tally.cell("rated", number)
    place = telling.kinds.place(kind.channel)
    there = together([telling.tally.cell("channel", place), telling.tally.cell("channel", place, 1)])
    people = row.people("people", touched, there, telling.everybody)
    felt = telling.tally.felt(number, telling.divisions.asked)
    if felt is not None and (not telling.known or telling.divisions.few(rated)):
        felt = None
        row.withhold("sentiment", *(["gap"] if rule.feels is not None else []))
    return TouchpointTold(
        event=kind.event,
        channel=kind.channel,
        stage=rule.stage,
        people=people,
        sentiment=None if felt is None else round(felt, 2),
        feels=rule.feels,
        gap=None if felt is None or rule.feels is None else round(felt - rule.feels, 2),
        expects=rule.expects,
        withheld=row.withheld,
    )


def moments(telling: Telling) -> list[MomentTold]:
    """How many had each micro-moment of the journey."""
    told: list[MomentTold] = []
    for number, moment in enumerate(telling.kinds.moments, 1):
        row, cell = telling.row(), telling.tally.cell("moment", number)
        parts = [n for n, kind in enumerate(telling.kinds.kinds, 1) if kind.rule and kind.rule.moment == moment]
        rests = [without(cell, telling.tally.cell("touched", n)) for n in parts]
        safe = not any(telling.divisions.few(rest) for rest in rests)
        told.append(
            MomentTold(
                moment=moment, people=row.people("people", cell, telling.everybody, safe=safe), withheld=row.withheld
            )
        )
    return told


def gaps(telling: Telling) -> Gaps:
    """Touchpoints of the journey that nobody touched, and what people do that the journey does not speak of."""
    withheld: Withheld = {}
    unmapped: list[Unmapped] = []
    touched: list[TouchpointRule] = []
    for number, kind in enumerate(telling.kinds.kinds, 1):
        cell = telling.tally.cell("touched", number)
        if not people_in(cell, telling.divisions.asked):
            continue
        if kind.rule:
            touched.append(kind.rule)
        elif not telling.kinds.speaks_of(kind):
            row = telling.row()
            people = row.people("unmapped", cell, telling.everybody)
            withheld |= row.withheld
            unmapped += [Unmapped(event=kind.event, channel=kind.channel, people=people)] if people else []
    unused = [
        Declared(event=rule.event, channel=rule.channel, stage=rule.stage)
        for rule in telling.kinds.journey.rules
        if rule not in touched
    ]
    return Gaps(unused=unused, unmapped=sorted(unmapped, key=lambda u: -u.people), withheld=withheld)
