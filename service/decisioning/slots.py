"""What a bundle has for a placement, sorted out once for everybody who allows the same."""

from collections.abc import Iterable

from service.decisioning.caps import concerning
from service.decisioning.model import Slot
from service.policy.model import Bundle, Offer, Placement


def names(offer: Offer) -> tuple[str, ...]:
    """What an offer on the page takes from the rest of it, and what a dismissal silences: itself, and its group."""
    return (offer.id, f"group:{offer.group}") if offer.group else (offer.id,)


def of_placement(bundle: Bundle, placement: Placement) -> list[Offer]:
    """The offers that compete for a placement, the best first. Its fallback is not one."""
    every = [o for o in bundle.offers.values() if placement.id in o.placements and o.id != placement.fallback]
    return sorted(every, key=lambda offer: (-offer.priority, offer.id))


def slot(bundle: Bundle, placement: Placement, allowed: frozenset[str], *, held_out: bool = False) -> Slot:
    """What consent leaves for a placement: the offers all of whose purposes are allowed.

    It is the same for everybody who allows the same of what matters here, so that the bundle keeps it.
    """
    key = ("slot", placement.id, allowed & _asked(bundle, placement), held_out)
    if key not in bundle.derived:
        bundle.derived[key] = _slot(bundle, placement, allowed, held_out=held_out)
    return bundle.derived[key]


def _asked(bundle: Bundle, placement: Placement) -> frozenset[str]:
    """Every purpose that an offer of a placement asks for."""
    key = ("asked", placement.id)
    if key not in bundle.derived:
        bundle.derived[key] = frozenset[str]().union(*(offer.purposes for offer in of_placement(bundle, placement)))
    return bundle.derived[key]


def _slot(bundle: Bundle, placement: Placement, allowed: frozenset[str], *, held_out: bool) -> Slot:
    every = of_placement(bundle, placement)
    left = [offer for offer in every if offer.purposes <= allowed]
    offers = tuple(offer for offer in left if offer.service or not held_out)
    reads = _reads(bundle, offers)
    stages = {None, *(stage for offer in offers for stage in offer.stages)}
    calendars = {placement.calendar, *(offer.calendar for offer in offers)}
    purposes = frozenset[str]().union(*(offer.purposes for offer in left))
    caps = {offer.id: concerning(bundle, placement.id, offer, known=bool(purposes)) for offer in offers}
    return Slot(
        placement=placement,
        offers=offers,
        withheld=len(left) < len(every),
        held_out=held_out,
        purposes=purposes,
        reads=reads,
        personal=tuple(bundle.fields[name] for name in sorted(reads) if bundle.fields[name].purpose is not None),
        staged=tuple(f.id for f in bundle.fields.values() if f.source == "stage" and f.id in reads),
        calendars=tuple(c for c in bundle.contact.calendars.values() if c.id in calendars),
        by_stage={stage: tuple(o for o in offers if not o.stages or stage in o.stages) for stage in stages},
        exempt=frozenset(offer.id for offer in offers if offer.service),
        shared=any(one.cap.scope == "global" for counted in caps.values() for one in counted),
        caps=caps,
        stopped_by=_by_name((one.name, offer) for offer, counted in caps.items() for one in counted),
        same_as=_by_name((name, offer.id) for offer in offers for name in names(offer)),
    )


def _reads(bundle: Bundle, offers: Iterable[Offer]) -> frozenset[str]:
    """The fields that offers look at, and those that tell of the personas that they look at."""
    staged = frozenset(field.id for field in bundle.fields.values() if field.source == "stage")
    reads = frozenset[str]().union(*(offer.reads for offer in offers), *(staged for offer in offers if offer.stages))
    if any(bundle.fields[name].source == "persona" for name in reads):
        reads = reads.union(*(persona.reads for persona in bundle.personas.values()))
    return reads


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, offer in pairs:
        found.setdefault(name, []).append(offer)
    return {name: tuple(offers) for name, offers in found.items()}
