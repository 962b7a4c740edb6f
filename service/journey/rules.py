"""The verdicts of the journey: which stage the evidence speaks for, and what fields say."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from service.journey.model import Contacts, Facts, Position
from service.policy.expression import Value
from service.policy.model import Field, Journey

NO_EVIDENCE = 1e-9


def window(journey: Journey, now: datetime) -> datetime:
    """Contacts at or before this time are expired: they are no evidence."""
    return now - timedelta(days=journey.expiry_days)


def position(journey: Journey, contacts: Iterable[Contacts], now: datetime) -> Position:
    """Where a person is: evidence halves every half-life, and a stage is left only for one that leads clearly.

    The contacts are taken by the time at which they occurred, so the order of arrival does not matter (D9). Moving back
    is normal: later contacts of an earlier stage outweigh old ones of a later stage.
    """
    evidence = dict.fromkeys((stage.id for stage in journey.stages), 0.0)
    stage: str | None = None
    previous: str | None = None
    since: datetime | None = None
    timeline = _timeline(journey, contacts, now)
    clock = timeline[0][0] if timeline else now
    for occurred_at, at_once in groupby(timeline, key=itemgetter(0)):
        _decay(evidence, journey, occurred_at - clock)
        clock = occurred_at
        for _, of_stage, weight in at_once:
            evidence[of_stage] += weight
        if (leader := _leader(evidence, stage, journey.hysteresis)) != stage:
            previous, stage, since = stage, leader, occurred_at
    _decay(evidence, journey, now - clock)
    known = {name: _rounded(value) for name, value in evidence.items() if value > NO_EVIDENCE}
    if stage not in known:
        return Position(stage=None, since=None, evidence={}, previous=None)
    return Position(stage=stage, since=since, evidence=known, previous=previous)


def _timeline(journey: Journey, contacts: Iterable[Contacts], now: datetime) -> list[tuple[datetime, str, float]]:
    """Each unexpired contact that a rule of the journey speaks of, as (time, stage, weight), oldest first."""
    expired = window(journey, now)
    return sorted(
        (occurred_at, rule.stage, rule.weight)
        for contact in contacts
        if (rule := journey.rule_for(contact.event, contact.channel))
        for occurred_at in contact.recent
        if expired < occurred_at <= now
    )


def _decay(evidence: dict[str, float], journey: Journey, elapsed: timedelta) -> None:
    factor = 0.5 ** (elapsed / timedelta(hours=journey.half_life_hours))
    for stage in evidence:
        evidence[stage] *= factor


def _rounded(value: float) -> float:
    """To six significant digits, so that faded evidence is still told apart from none."""
    return float(f"{value:.6g}")


def _leader(evidence: dict[str, float], current: str | None, hysteresis: float) -> str | None:
    best = max(evidence, key=lambda stage: evidence[stage])
    if current is None or evidence[best] > evidence[current] * (1 + hysteresis):
        return best
    return current


def facts(fields: Sequence[Field], journey: Journey, contacts: Sequence[Contacts], now: datetime) -> Facts:
    """What fields say of a person; where nothing is known, nothing. A stage is inferred only for whom it is asked."""
    staged = any(field.source == "stage" for field in fields)
    stage = position(journey, contacts, now).stage if staged else None
    said = {field.id: _fact(field, contacts, stage, now) for field in fields}
    return {name: value for name, value in said.items() if value is not None}


def _fact(field: Field, contacts: Sequence[Contacts], stage: str | None, now: datetime) -> Value | None:
    of_event = [contact for contact in contacts if contact.event == field.event]
    match field.source:
        case "stage":
            return stage
        case "count":
            return float(sum(contact.count for contact in of_event))
        case "days_since":
            last = max((contact.last for contact in of_event), default=None)
            return float((now - last).days) if last else None
        case "context" | "persona":
            return None
