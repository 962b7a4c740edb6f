"""The verdicts of decisions: one pipeline in which each step can only narrow."""

from collections.abc import Iterable, Mapping, Sequence, Set

from service.decisioning.model import Choice, Mode, Page, Reason, Slot
from service.journey.model import Facts
from service.policy.model import Bundle, Field, Offer, Placement


def slot(bundle: Bundle, placement: Placement, allowed: Set[str]) -> Slot:
    """What consent leaves for a placement: the offers all of whose purposes are allowed. Its fallback is not one."""
    every = [o for o in bundle.offers.values() if placement.id in o.placements and o.id != placement.fallback]
    offers = tuple(offer for offer in every if offer.purposes <= allowed)
    staged = frozenset(field.id for field in bundle.fields.values() if field.source == "stage")
    reads = [offer.reads for offer in offers] + [staged for offer in offers if offer.stages]
    return Slot(
        placement=placement,
        offers=offers,
        withheld=len(offers) < len(every),
        purposes=frozenset[str]().union(*(offer.purposes for offer in offers)),
        reads=frozenset[str]().union(*reads),
    )


def personal(bundle: Bundle, slots: Iterable[Slot]) -> list[Field]:
    """The fields about the person that these slots look at; one that consent does not cover is none of them (D1)."""
    names = frozenset[str]().union(*(slot.reads for slot in slots))
    return [field for name in sorted(names) if (field := bundle.fields[name]).purpose is not None]


def stage(bundle: Bundle, facts: Facts) -> str | None:
    """The stage among what is known of a person."""
    found = next((facts.get(field.id) for field in bundle.fields.values() if field.source == "stage"), None)
    return found if isinstance(found, str) else None


def eligible(offer: Offer, stage: str | None, facts: Facts) -> bool:
    """Whether an offer suits this person here: its stage is theirs and its rule holds."""
    return (not offer.stages or stage in offer.stages) and (offer.rule is None or offer.rule.holds(facts))


def choose(bundle: Bundle, slots: Sequence[Slot], facts: Facts) -> list[Choice]:
    """What fills each slot.

    The steps are those of DESIGN section 7; holdout, calendar, suppression and caps have nothing to narrow yet.
    """
    choices: list[Choice] = []
    shown: set[str] = set()
    reached = stage(bundle, facts)
    for slot in slots:
        choice = _choose(bundle, slot, reached, facts, shown)
        shown.add(choice.offer.id)
        choices.append(choice)
    return choices


def _choose(bundle: Bundle, slot: Slot, stage: str | None, facts: Facts, shown: Set[str]) -> Choice:
    # The mode that consent leaves: whoever was looked at to rule offers out was profiled, whichever offer wins
    mode = Mode.PROFILED if slot.purposes else Mode.CONTEXTUAL
    # Stage and eligibility; no offer twice on a page
    suited = [offer for offer in slot.offers if offer.id not in shown and eligible(offer, stage, facts)]
    # Ranking by priority; the id decides between equals, so that the same question has the same answer (D6)
    if best := min(suited, key=lambda offer: (-offer.priority, offer.id), default=None):
        return Choice(slot=slot, offer=best, mode=mode, reason=Reason.TARGETING_MATCH)
    # Fallback: an offer that needs no purpose, so that consent allows it too
    reason = Reason.CONSENT if slot.withheld else Reason.FALLBACK
    return Choice(slot=slot, offer=bundle.offers[slot.placement.fallback], mode=Mode.FALLBACK, reason=reason)


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
