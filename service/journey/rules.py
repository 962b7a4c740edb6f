"""The verdicts of the journey: which stage the evidence speaks for, and what fields say."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from service.consent.model import Reason, Standing
from service.consent.verdicts import permissions
from service.journey.model import Contacts, Facts, Position, Touchpoint
from service.policy.expression import TODAY, Value
from service.policy.model import Bundle, Field, Journey

NO_EVIDENCE = 1e-9
TOUCHPOINTS = "touchpoints"
NEAREST_FIRST = (
    Reason.RESTRICTED,
    Reason.OBJECTED,
    Reason.GUARDIAN_REQUIRED,
    Reason.GPC,
    Reason.EXPIRED,
    Reason.WITHDRAWN,
    Reason.REFUSED,
)
"""Of several purposes that may not keep a touchpoint, one that once might tells more than one that never did."""
NOBODYS: tuple[tuple[str, ...], Reason] = (), Reason.UNKNOWN
"""No purpose keeps the touchpoint of somebody unknown."""
UNCOUNTED = frozenset({Reason.RESTRICTED, Reason.OBJECTED, Reason.GUARDIAN_REQUIRED, Reason.GPC})
"""Who says no to more than being remembered is not even counted."""


def keepers(bundle: Bundle) -> list[str]:
    """The purposes for which touchpoints may be kept at all."""
    return [purpose.id for purpose in bundle.purposes.values() if purpose.keeps(TOUCHPOINTS)]


def keeping(bundle: Bundle, standing: Standing | None, now: datetime, *, gpc: bool) -> tuple[tuple[str, ...], Reason]:
    """The purposes that may keep a touchpoint now, and the reason of the one that is nearest to it."""
    if standing is None:
        return NOBODYS
    asked = keepers(bundle)
    found = permissions(bundle, asked, standing, now, gpc=gpc)
    reasons = {found[purpose].reason for purpose in asked}
    nearest = next((reason for reason in NEAREST_FIRST if reason in reasons), Reason.UNKNOWN)
    return tuple(purpose for purpose in asked if found[purpose].allowed), nearest


def counts(bundle: Bundle, touchpoint: Touchpoint, reason: Reason, *, gpc: bool) -> bool:
    """Whether a touchpoint that nothing may keep is counted without the person.

    The bundle must allow it for the channel and know the event: a name from outside could name somebody.
    """
    if gpc or reason in UNCOUNTED or not bundle.channels[touchpoint.channel].counts:
        return False
    return any(touchpoint.event in _named(journey) for journey in bundle.journeys.values())


def _named(journey: Journey) -> set[str]:
    of_friction = {event for friction in journey.friction for event in friction.events}
    return {rule.event for rule in journey.rules} | of_friction | {*journey.ends, *journey.conversions}


def window(journey: Journey, now: datetime) -> datetime:
    """Contacts at or before this time are expired: they are no evidence."""
    return now - timedelta(days=journey.expiry_days)


def position(journey: Journey, contacts: Sequence[Contacts], now: datetime) -> Position:
    """Where a person is: evidence halves every half-life, and a stage is left only for one that leads clearly.

    The contacts are taken by the time at which they occurred, so the order of arrival does not matter (D9). Moving back
    is normal: later contacts of an earlier stage outweigh old ones of a later stage. What was before the relationship
    ended, or at that very time, is no evidence.
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


def _timeline(journey: Journey, contacts: Sequence[Contacts], now: datetime) -> list[tuple[datetime, str, float]]:
    """Each contact that counts and that a rule of the journey speaks of, as (time, stage, weight), oldest first."""
    expired = max([window(journey, now), *_endings(journey, contacts, now)])
    return sorted(
        (occurred_at, rule.stage, rule.weight)
        for contact in contacts
        if (rule := journey.rule_for(contact.event, contact.channel))
        for occurred_at in contact.recent
        if expired < occurred_at <= now
    )


def _endings(journey: Journey, contacts: Sequence[Contacts], now: datetime) -> Iterator[datetime]:
    """When the relationship ended, each time that it did: what was until then is over, as if it had expired."""
    for contact in contacts:
        if contact.event in journey.ends:
            yield from (ended_at for ended_at in contact.recent if ended_at <= now)


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


def facts(
    bundle: Bundle, fields: Sequence[Field], contacts: Sequence[Contacts], now: datetime, context: Facts
) -> Facts:
    """What fields of one purpose say of a person, from the contacts kept for it; where nothing is known, nothing.

    A stage or a persona is inferred only for whom it is asked.
    """
    personas = [field for field in fields if field.source == "persona"]
    read = {name for persona in bundle.personas.values() for name in persona.reads} if personas else set[str]()
    needed = {field.id: field for field in fields} | {name: bundle.fields[name] for name in read}
    staged = any(field.source == "stage" for field in needed.values())
    stage = position(bundle.journeys[bundle.default_journey], contacts, now).stage if staged else None
    said = {name: _fact(field, contacts, stage, now) for name, field in needed.items()}
    known = {name: value for name, value in said.items() if value is not None}
    if personas and (who := persona(bundle, {**context, **known, TODAY: now.date()})):
        known |= dict.fromkeys((field.id for field in personas), who)
    return {field.id: known[field.id] for field in fields if field.id in known}


def persona(bundle: Bundle, facts: Facts) -> str | None:
    """The first persona of the bundle whose rule holds of these facts (`today` among them), or nobody's."""
    return next((each.id for each in bundle.personas.values() if each.rule.holds(facts)), None)


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
