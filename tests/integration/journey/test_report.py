"""The report agrees with what is counted one person after the other, by the rules that place one person."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median_low

import pytest

from service.journey.model import Contacts
from service.journey.report.model import ReportQuestion
from service.journey.rules import position
from service.policy.model import Journey
from tests.consenting import DAY, HOUR, NOON
from tests.strolling import JOURNEY, Step, Walk, shop, told, walks, write

CHANNELS = ("web", "app", "shop", "email", "support")
SEED = 20260301
FIRST = (NOON - 60 * DAY).date()
BEGAN = datetime.combine(FIRST, datetime.min.time(), NOON.tzinfo)
LATE = ReportQuestion(first=FIRST)


def gathered(walk: Walk) -> list[Contacts]:
    """Contacts by event and channel."""
    times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for event, channel, at, _ in walk:
        times[event, channel].append(at)
    return [Contacts(event=e, channel=c, count=len(t), last=max(t), recent=t) for (e, c), t in times.items()]


def stages(journey: Journey, walk: Walk) -> Iterator[tuple[datetime, str]]:
    """When somebody came to which stage: where they were at each of their contacts, by the rule for one person."""
    before: str | None = None
    for at in sorted({at for _, _, at, _ in walk}):
        contacts = gathered([step for step in walk if step[2] <= at])
        stage = position(journey, contacts, at).stage
        if stage is not None and stage != before:
            yield at, stage
            before = stage


def path(journey: Journey, walk: Walk) -> tuple[str, ...]:
    """The stages that somebody was in from the first day of the report on."""
    visits = list(stages(journey, walk))
    before = [stage for at, stage in visits if at < BEGAN]
    return (*before[-1:], *[stage for at, stage in visits if at >= BEGAN])


def people(seed: int = SEED, number: int = 300) -> list[Walk]:
    """Seeded walkers."""
    return walks(Random(seed), number, shop().journeys[JOURNEY], CHANNELS)  # noqa: S311 - a seeded order


@pytest.mark.parametrize(
    "state",
    [
        {"status": "withdrawn"},
        {"status": "refused", "given_since": None},
        {"valid_until": NOON},
        {"guardian_missing": True},
        {"given_since": NOON},
    ],
)
async def test_nobody_is_counted_who_does_not_allow_it(database_url: str, state: dict[str, object]) -> None:
    """Who said no, whose consent expired or lacks a guardian, or who agreed after their contacts, is in no figure."""
    walk: Walk = [("search", "web", NOON - DAY, 1)]
    await write(database_url, [walk] * 12)
    await write(database_url, [walk] * 15, **state)
    report = await told(database_url, shop())
    assert report.people == 12
    assert [(t.event, t.people) for t in report.touchpoints] == [("search", 12)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"half_life_hours": 3.0, "hysteresis": 0.0},
        {"half_life_hours": 0.7, "hysteresis": 1.0, "expiry_days": 90},
        {"half_life_hours": 2000.0, "hysteresis": 10.0, "expiry_days": 40},
        {"ends": ("purchase",)},
    ],
)
async def test_everybody_is_counted_in_the_stage_where_they_are(database_url: str, changes: dict[str, object]) -> None:
    """The stage of each person at the end is that of the rule for one person, whatever the journey."""
    bundle, walkers = shop(**changes), people(number=600)  # pyright: ignore[reportArgumentType] - as the case says
    await write(database_url, walkers)
    journey = bundle.journeys[JOURNEY]
    report = await told(database_url, bundle)
    kept = NOON - timedelta(days=journey.expiry_days)
    current = [[step for step in walk if step[2] > kept] for walk in walkers]
    expected = Counter(position(journey, gathered(walk), NOON).stage for walk in current if walk)
    assert {s.stage: s.people for s in report.stages} == {s.stage: expected[s.stage] for s in report.stages}
    assert report.people == expected.total()


async def test_paths_and_moves_are_those_that_people_made(database_url: str) -> None:
    """Paths, moves, shares, times and stages reached agree with a count one by one."""
    bundle, walkers = shop(), people()
    journey = bundle.journeys[JOURNEY]
    await write(database_url, walkers)
    report = await told(database_url, bundle, LATE)
    walked = [path(journey, walk) for walk in walkers]
    reached = Counter(stage for one in walked for stage in set(one))
    assert {s.stage: s.reached for s in report.stages if s.stage} == {s.id: reached[s.id] for s in journey.stages}
    moves = Counter(move for one in walked for move in set(pairwise(one)))
    assert {(m.start, m.end): m.people for m in report.moves} == moves
    assert all(m.share == round(moves[m.start, m.end] / reached[m.start], 4) for m in report.moves)
    took = median_times(journey, walkers)
    assert {(m.start, m.end): m.median_seconds for m in report.moves} == took
    here = Counter(
        one for one, walk in zip(walked, walkers, strict=True) if position(journey, gathered(walk), NOON).stage and one
    )
    assert {tuple(p.stages): p.people for p in report.paths.walked}.items() <= here.items()
    assert (len(report.paths.walked), report.paths.others) == (
        12,
        here.total() - sum(p.people for p in report.paths.walked),
    )


def median_times(journey: Journey, walkers: Sequence[Walk]) -> dict[tuple[str, str], int]:
    """After how long half of those who made a move for the first time had made it, as coarsely as a report tells."""
    took: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for walk in walkers:
        first: dict[tuple[str, str], int] = {}
        for (since, start), (at, end) in pairwise(stages(journey, walk)):
            if at >= BEGAN:
                first.setdefault((start, end), round((at - since) / timedelta(seconds=1)))
        for move, seconds in first.items():
            took[move].append(seconds // 60 * 60 if seconds < 36_000 else seconds // 3600 * 3600)
    return {move: median_low(times) for move, times in took.items()}


async def test_touchpoints_and_what_they_felt_like(database_url: str) -> None:
    """People and mean sentiment of each touchpoint, micro-moments, and what no rule speaks of or nobody touched."""
    bundle, walkers = shop(), people()
    journey = bundle.journeys[JOURNEY]
    await write(database_url, walkers)
    report = await told(database_url, bundle, LATE)
    since = [[step for step in walk if step[2] >= BEGAN] for walk in walkers]
    touched = Counter(kind for walk in since for kind in {(event, channel) for event, channel, _, _ in walk})
    felt: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event, channel, _, sentiment in (step for walk in since for step in walk):
        felt[event, channel] += [] if sentiment is None else [sentiment]
    ruled = {kind: number for kind, number in touched.items() if journey.rule_for(*kind)}
    assert {(t.event, t.channel): t.people for t in report.touchpoints} == ruled
    for point in report.touchpoints:
        ratings = felt[point.event, point.channel]
        mean = sum(ratings) / len(ratings) if ratings else None
        assert point.sentiment == (None if mean is None else round(mean, 2))
        assert point.gap == (None if mean is None or point.feels is None else round(mean - point.feels, 2))
    assert {(u.event, u.channel): u.people for u in report.gaps.unmapped} == {
        kind: number for kind, number in touched.items() if kind not in ruled and kind[0] != "payment_failed"
    }
    used = [journey.rule_for(*kind) for kind in ruled]
    assert [(u.event, u.channel) for u in report.gaps.unused] == [
        (rule.event, rule.channel) for rule in journey.rules if rule not in used
    ]
    for moment in report.moments:
        assert moment.people == sum(
            any(
                (rule := journey.rule_for(event, channel)) and rule.moment == moment.moment
                for event, channel, _, _ in walk
            )
            for walk in since
        )


async def test_friction_drop_off_and_research_online(database_url: str) -> None:
    """Loops, pauses, errors, silence, conversions and research before buying offline, counted one by one."""
    bundle, walkers = shop(), people()
    journey = bundle.journeys[JOURNEY]
    await write(database_url, walkers)
    report = await told(database_url, bundle, LATE)
    frictions = [frictions_of(journey, walk) for walk in walkers]
    met = Counter(friction for found in frictions for friction in {name for name, _ in found})
    assert {f.friction: f.people for f in report.friction} == {f.id: met[f.id] for f in journey.friction}
    assert all(met[f.id] for f in journey.friction)
    on_channel = Counter(pair for found in frictions for pair in found)
    bought = [{c for e, c, at, _ in walk if e in journey.conversions and at >= BEGAN} for walk in walkers]
    silent = [dropped(journey, walk) for walk in walkers]
    for row in report.channels:
        assert row.people == sum(any(c == row.channel and at >= BEGAN for _, c, at, _ in walk) for walk in walkers)
        assert row.friction == {f.id: on_channel[f.id, row.channel] for f in journey.friction}
        assert row.converted == sum(row.channel in channels for channels in bought)
        assert row.dropped_off == sum(one is not None and one[1] == row.channel for one in silent)
    assert report.converted == sum(map(bool, bought))
    assert report.drop_off.people == sum(map(bool, silent))
    assert {s.stage: s.people for s in report.drop_off.stages} == Counter(one[0] for one in silent if one)
    offline = [channels & {"shop", "support"} for channels in bought]
    assert report.offline.people == sum(map(bool, offline))
    assert report.offline.researched_online == sum(researched(journey, walk) for walk in walkers)


def in_order(journey: Journey, walk: Walk) -> list[Step]:
    """Contacts by time; those of one instant by what they are evidence for, as they are added up."""

    def place(step: Step) -> tuple[datetime, str, float, str, str]:
        event, channel, at, _ = step
        rule = journey.rule_for(event, channel)
        return at, rule.stage if rule else "", rule.weight if rule else 0, event, channel

    return sorted(walk, key=place)


def frictions_of(journey: Journey, walk: Walk) -> set[tuple[str, str]]:
    """The frictions that somebody met since the first day of the report, each with the channel."""
    found: set[tuple[str, str]] = set()
    steps = in_order(journey, walk)
    came = list(stages(journey, walk))
    for friction in journey.friction:
        for place, (event, channel, at, _) in enumerate(steps):
            if at < BEGAN:
                continue
            within = [
                s
                for s in steps[: place + 1]
                if s[0] == event and friction.within_hours and at - s[2] <= friction.within_hours * HOUR
            ]
            stage = next((stage for when, stage in reversed(came) if when < at), None)
            if (friction.kind == "error" and event in friction.events) or (
                friction.kind == "loop" and event in friction.events and len(within) >= (friction.times or 0)
            ):
                found.add((friction.id, channel))
            if friction.kind == "pause" and friction.hours and place and stage == friction.stage:
                _, before, when, _ = steps[place - 1]
                if at - when >= friction.hours * HOUR:
                    found.add((friction.id, before))
    return found


def dropped(journey: Journey, walk: Walk) -> tuple[str, str] | None:
    """In which stage and on which channel somebody fell silent, if the silence was long enough in the report's time."""
    assert journey.drop_off is not None
    _, channel, last, _ = in_order(journey, walk)[-1]
    came = list(stages(journey, walk))
    silent = last + timedelta(days=journey.drop_off.silence_days)
    if came and came[-1][1] in journey.drop_off.stages and BEGAN <= silent <= NOON:
        return came[-1][1], channel
    return None


def researched(journey: Journey, walk: Walk) -> bool:
    """Whether somebody bought offline after a look online."""
    offline = [at for e, c, at, _ in walk if e in journey.conversions and c in {"shop", "support"} and at >= BEGAN]
    online = [at for _, c, at, _ in walk if c in {"web", "app", "email"}]
    return any(look < at <= look + timedelta(days=journey.research_days) for at in offline for look in online)
