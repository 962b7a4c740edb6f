"""The verdicts of decisions: one pipeline in which each step can only narrow."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from msgspec.structs import replace

from service.decisioning.model import (
    Choice,
    Draw,
    Exclusion,
    Filled,
    Input,
    Inputs,
    Mode,
    Page,
    Reason,
    Remembered,
    Slot,
    Unsuited,
    Verdict,
)
from service.decisioning.ranking import drawn, odds, weights
from service.decisioning.slots import names, of_placement, slot
from service.journey.model import Facts
from service.policy.expression import TODAY, Value
from service.policy.model import Bundle, Field, Offer, Placement


def personal(slots: Iterable[Slot]) -> list[Field]:
    """The fields about the person that these slots look at; one that consent does not cover is none of them (D1)."""
    return [*{field.id: field for slot in slots for field in slot.personal}.values()]


def stage(slot: Slot, facts: Facts) -> str | None:
    """The stage among what is known of a person, where this slot looks at it."""
    found = next((facts.get(field) for field in slot.staged), None)
    return found if isinstance(found, str) else None


def excluded(slot: Slot, remembered: Remembered, shown: Iterable[str]) -> dict[str, Exclusion]:
    """The offers that are out whomever they suit: dismissed, capped, or on the page already, as their group may be."""
    # 9. Once on a page, with its group
    out = {offer: Exclusion.SHOWN for name in shown for offer in slot.same_as.get(name, ())}
    # 8. Caps
    for name in remembered.full:
        out |= dict.fromkeys(slot.stopped_by.get(name, ()), Exclusion.CAPPED)
    # 7. Dismissal
    for name in remembered.dismissed if slot.purposes else ():
        silenced = [offer for offer in slot.same_as.get(name, ()) if offer not in slot.exempt]
        out |= dict.fromkeys(silenced, Exclusion.DISMISSED)
    return out


def suited(slot: Slot, facts: Facts, now: datetime) -> Iterator[Offer]:
    """The offers that suit a person here and now, the best first: calendar, stage and rule let them in."""
    closed = closed_at(slot, now)
    if slot.placement.calendar in closed:
        return
    reached = stage(slot, facts)
    for offer in slot.by_stage.get(reached, slot.by_stage[None]):
        if unsuited(offer, closed, reached, facts) is None:
            yield offer


def closed_at(slot: Slot, now: datetime) -> frozenset[str]:
    """The calendars of a slot by which nothing may be shown now."""
    return frozenset(calendar.id for calendar in slot.calendars if not calendar.open_at(now))


def unsuited(offer: Offer, closed: Collection[str | None], stage: str | None, facts: Facts) -> Unsuited | None:
    """Why an offer does not suit a person here and now; None where it does."""
    # 4. Calendar
    if offer.calendar in closed:
        return "calendar"
    # 5. Stage
    if offer.stages and stage not in offer.stages:
        return "stage"
    # 6. Eligibility
    return None if offer.rule is None or offer.rule.holds(facts) else "rule"


def fill_page(
    bundle: Bundle,
    slots: Iterable[Slot],
    facts: Facts,
    remembered: Remembered,
    draw: Callable[[Slot], Draw],
    now: datetime,
) -> list[Filled]:
    """What fills each slot of a page, one after the other: what one took, with its group, the next ones lack."""
    shown: list[str] = []
    page: list[Filled] = []
    for one in slots:
        out = excluded(one, remembered, shown)
        by = None if one.placement.ranking == "priority" else draw(one)
        choice = choose(bundle, one, facts, out, by, now)
        page.append(Filled(choice, out, by))
        shown += names(choice.offer)
    return page


def choose(
    bundle: Bundle, slot: Slot, facts: Facts, out: Mapping[str, Exclusion], draw: Draw | None, now: datetime
) -> Choice:
    """What fills a slot, which consent, mode and holdout have made.

    Whoever was looked at to rule offers out was profiled, whichever offer wins.
    """
    mode = Mode.PROFILED if slot.purposes else Mode.CONTEXTUAL
    left = (offer for offer in suited(slot, facts, now) if offer.id not in out)
    # 10. Ranking: by priority the first, and the id decides between equals (D6); else by a draw, whose chances are told
    if slot.placement.ranking == "priority":
        if best := next(left, None):
            return Choice(slot=slot, offer=best, mode=mode, reason=Reason.TARGETING_MATCH)
    elif offers := {offer.id: offer for offer in left}:
        weighed = weights(slot.placement, offers.values(), facts, draw)
        name, propensity = drawn(weighed, draw.u if draw else None)
        return Choice(slot, offers[name], mode, Reason.SPLIT, propensity, weighed)
    reason = _reason(slot, facts, out, now)
    mode = Mode.PROFILED if reason is Reason.HOLDOUT else Mode.FALLBACK
    return Choice(slot=slot, offer=bundle.offers[slot.placement.fallback], mode=mode, reason=reason)


def _reason(slot: Slot, facts: Facts, out: Mapping[str, Exclusion], now: datetime) -> Reason:
    """Why there is only the fallback."""
    if slot.held_out:
        return Reason.HOLDOUT
    if Exclusion.CAPPED in out.values() and any(
        out.get(offer.id) is Exclusion.CAPPED for offer in suited(slot, facts, now)
    ):
        return Reason.CAPPED
    return Reason.CONSENT if slot.withheld else Reason.FALLBACK


def facts_of(bundle: Bundle, inputs: Inputs, now: datetime) -> dict[str, Value]:
    """What was known when it was decided, as rules read it."""
    known: dict[str, Value] = {TODAY: now.date()}
    for name, given in inputs.facts.items():
        field = bundle.fields.get(name)
        dated = field is not None and field.type == "date" and isinstance(given.value, str)
        known[name] = date.fromisoformat(str(given.value)) if dated else given.value
    return known


def inputs(bundle: Bundle, filled: Filled, facts: Facts, allowed: Iterable[str], now: datetime) -> Inputs:
    """All that a choice rested on: no value but those that its own placement's offers read."""
    choice = filled.choice
    read = {name: facts[name] for name in sorted(choice.slot.reads & facts.keys())}
    return Inputs(
        facts={
            name: Input(value.isoformat() if isinstance(value, date) else value, bundle.fields[name].purpose)
            for name, value in read.items()
        },
        allowed=tuple(allowed),
        excluded=filled.excluded,
        draw=replace(filled.draw, weights=choice.weights) if filled.draw and choice.weights else None,
        held_out=choice.slot.held_out,
        asked_at=now,
    )


def fill(bundle: Bundle, placement: Placement, inputs: Inputs, now: datetime) -> Choice:
    """What a bundle fills a placement with on these inputs: on those of a decision, the same once more (D6, D11).

    `now` is the time that it was asked at.
    """
    found = slot(bundle, placement, frozenset(inputs.allowed), held_out=inputs.held_out)
    return choose(bundle, found, facts_of(bundle, inputs, now), inputs.excluded, inputs.draw, now)


def chances(bundle: Bundle, placement: Placement, inputs: Inputs, now: datetime) -> dict[str, float]:
    """With which probability each offer fills a placement on these inputs; they add up to one."""
    found = slot(bundle, placement, frozenset(inputs.allowed), held_out=inputs.held_out)
    facts = facts_of(bundle, inputs, now)
    left = [offer for offer in suited(found, facts, now) if offer.id not in inputs.excluded]
    if placement.ranking == "priority" or not left:
        return {fill(bundle, placement, inputs, now).offer.id: 1.0}
    return odds(weights(placement, left, facts, inputs.draw))


def verdicts(bundle: Bundle, placement: Placement, inputs: Inputs, now: datetime) -> list[Verdict]:
    """What becomes of each offer of a placement, the best first, and of its fallback where that is shown."""
    shown = fill(bundle, placement, inputs, now).offer.id
    probable = chances(bundle, placement, inputs, now)
    found = slot(bundle, placement, frozenset(inputs.allowed))
    facts = facts_of(bundle, inputs, now)
    closed, reached = closed_at(found, now), stage(found, facts)
    told: list[Verdict] = []
    for offer in of_placement(bundle, placement):
        verdict = "shown" if offer.id == shown else "outranked"
        if not offer.purposes <= frozenset(inputs.allowed):
            verdict = "purpose"
        elif inputs.held_out and not offer.service:
            verdict = "held_out"
        elif placement.calendar in closed:
            verdict = "calendar"
        elif reason := unsuited(offer, closed, reached, facts):
            verdict = reason
        elif exclusion := inputs.excluded.get(offer.id):
            verdict = exclusion.value
        told.append(Verdict(offer.id, verdict, probable.get(offer.id, 0.0)))
    fallback = [Verdict(shown, "shown", 1.0)] if shown == placement.fallback else []
    return told + fallback


def still_holds(page: Page, revision: int | None) -> bool:
    """Whether what was read before deciding is still so: the same consents, none of them expired by now (D4)."""
    decided_at = page.decided_at
    return revision == page.revision and decided_at is not None and all(decided_at < end for end in page.ends)


def in_language(offer: Offer, wanted: str | None, languages: Sequence[str]) -> Mapping[str, str]:
    """The offer's content in the wanted language, else in the first of the site's that it has."""
    for language in (wanted, *languages):
        if language is not None and language in offer.content:
            return offer.content[language]
    return next(iter(offer.content.values()))
