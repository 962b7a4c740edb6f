"""The verdicts of decisions: one pipeline in which each step can only narrow."""

from collections.abc import Iterable, Mapping, Sequence, Set

from service.decisioning.model import Choice, Mode, Reason
from service.journey.model import Facts
from service.policy.model import Bundle, Field, Offer, Placement


def candidates(bundle: Bundle, placement: Placement) -> list[Offer]:
    """The offers that may fill a placement, before anybody is known; its fallback is none of them."""
    return [o for o in bundle.offers.values() if placement.id in o.placements and o.id != placement.fallback]


def permitted(offers: Iterable[Offer], allowed: Set[str]) -> list[Offer]:
    """Consent: the offers all of whose purposes are allowed."""
    return [offer for offer in offers if offer.purposes <= allowed]


def purposes_of(offers: Iterable[Offer]) -> frozenset[str]:
    """The purposes whose data these offers look at."""
    return frozenset[str]().union(*(offer.purposes for offer in offers))


def fields_of(bundle: Bundle, offers: Iterable[Offer]) -> list[Field]:
    """The fields about the person that these offers look at."""
    stage = [field for field in bundle.fields.values() if field.source == "stage"]
    wanted = {bundle.fields[name] for offer in offers for name in offer.reads if name in bundle.fields}
    staged = {field for field in stage if any(offer.stages for offer in offers)}
    return sorted((f for f in wanted | staged if f.purpose is not None), key=lambda field: field.id)


def eligible(offer: Offer, stage: str | None, facts: Facts) -> bool:
    """Whether an offer suits this person here: its stage is theirs and its rule holds."""
    return (not offer.stages or stage in offer.stages) and (offer.rule is None or offer.rule.holds(facts))


def choose(
    bundle: Bundle, placements: Sequence[Placement], allowed: Set[str], stage: str | None, facts: Facts
) -> list[Choice]:
    """What fills each placement. `allowed` are the purposes that consent leaves; none for a stranger.

    The steps are those of DESIGN section 7; holdout, calendar, suppression and caps have nothing to narrow yet.
    """
    choices: list[Choice] = []
    shown: set[str] = set()
    for placement in placements:
        choice = _choose(bundle, placement, allowed, stage, facts, shown)
        shown.add(choice.offer.id)
        choices.append(choice)
    return choices


def _choose(
    bundle: Bundle, placement: Placement, allowed: Set[str], stage: str | None, facts: Facts, shown: Set[str]
) -> Choice:
    every = candidates(bundle, placement)
    # Consent snapshot, and the mode that it leaves
    open_to_us = permitted(every, allowed)
    used = purposes_of(open_to_us)
    mode = Mode.PROFILED if used else Mode.CONTEXTUAL
    # Stage and eligibility; no offer twice on a page
    suited = [offer for offer in open_to_us if offer.id not in shown and eligible(offer, stage, facts)]
    # Ranking by priority; the id decides between equals, so that the same question has the same answer (D6)
    if best := min(suited, key=lambda offer: (-offer.priority, offer.id), default=None):
        return Choice(placement=placement, offer=best, mode=mode, reason=Reason.TARGETING_MATCH, purposes=used)
    # Fallback: an offer that needs no purpose, so that consent allows it too
    reason = Reason.FALLBACK if len(open_to_us) == len(every) else Reason.CONSENT
    return Choice(placement=placement, offer=bundle.offers[placement.fallback], mode=Mode.FALLBACK, reason=reason)


def in_language(offer: Offer, wanted: str | None, languages: Sequence[str]) -> Mapping[str, str]:
    """The offer's content in the wanted language, else in the first of the site's that it has."""
    for language in (wanted, *languages):
        if language is not None and language in offer.content:
            return offer.content[language]
    return next(iter(offer.content.values()))
