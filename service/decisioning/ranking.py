"""How the offers that are left are ranked: the first by priority, or one drawn by weight or by its chances."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from service.decisioning.model import Draw
from service.journey.model import Facts
from service.kernel.crypto import Hasher
from service.policy.model import Contact, Offer, Placement

BUCKET_SECONDS = 3600


def uniform(hasher: Hasher, contact: Contact, subject_id: UUID, placement: str, now: datetime) -> float:
    """A number from 0 to 1 that stays the same for a person and placement within an hour, and tells nothing else."""
    hour = int(now.timestamp() // BUCKET_SECONDS)
    return _share(hasher, b"draw", contact.holdout_salt, subject_id, placement, hour.to_bytes(8, "big"))


def held_out(hasher: Hasher, contact: Contact, subject_id: UUID, placement: Placement) -> bool:
    """Whether a person sees fallbacks only, everywhere or here, for others to be compared with; for ever the same."""
    return any(
        share > 0 and _share(hasher, b"holdout", contact.holdout_salt, subject_id, where) < share
        for share, where in ((contact.holdout, ""), (placement.holdout, placement.id))
    )


def _share(hasher: Hasher, use: bytes, salt: str, subject_id: UUID, placement: str, *more: bytes) -> float:
    """The first 64 bits of a keyed hash as a share of all there are."""
    hashed = hasher.hash(use, salt.encode(), subject_id.bytes, placement.encode(), *more)
    return int.from_bytes(hashed[:8], "big") / 2**64


def weights(placement: Placement, offers: Iterable[Offer], facts: Facts, draw: Draw | None) -> dict[str, float]:
    """How much each offer weighs in a draw, before that is made to add up to one.

    `weighted`: value, lever and the factors of the context. `thompson`: its chance of being the best by the table
    that is drawn by; for one that the table does not have the placement's floor, and without a table the same for all.
    """
    if placement.ranking == "weighted":
        return {offer.id: _weight(offer, facts) for offer in offers}
    if draw is None or draw.table is None:
        return {offer.id: 1.0 for offer in offers}
    return {offer.id: draw.weights.get(offer.id, placement.floor) for offer in offers}


def _weight(offer: Offer, facts: Facts) -> float:
    weight = offer.value * offer.lever
    for factor in offer.context:
        if factor.rule.holds(facts):
            weight *= factor.factor
    return weight


def odds(weighed: Mapping[str, float]) -> dict[str, float]:
    """The probability of each offer, in the order in which they are drawn; where nothing weighs, all the same."""
    total = sum(weighed[offer] for offer in sorted(weighed))
    if total <= 0:
        return {offer: 1 / len(weighed) for offer in sorted(weighed)}
    return {offer: weighed[offer] / total for offer in sorted(weighed)}


def drawn(weighed: Mapping[str, float], u: float | None) -> tuple[str, float]:
    """The offer at `u` when their probabilities are laid end to end, and its own; without `u` the likeliest."""
    probable = odds(weighed)
    likeliest = max(probable, key=lambda offer: (probable[offer], offer))
    reached = 0.0
    for offer, probability in probable.items():
        reached += probability
        if u is not None and u < reached:
            return offer, probability
    return likeliest, probable[likeliest]  # also where rounding left a gap at the very end
