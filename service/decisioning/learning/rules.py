"""How likely each offer is to be the best: Thompson sampling, done beforehand (Thompson, 1933)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

from service.decisioning.learning.model import Counts, LearntSlot
from service.decisioning.slots import of_placement
from service.policy.model import Bundle, Placement

SAMPLES = 2000
"""How often the offers of a slot compete: a chance of a half is then known to about one in a hundred."""
MOST_DRAWS = 400_000
"""Of very many offers fewer samples are drawn, so that a table takes about a second."""
GROWTH = 0.05
"""By which share of all that was counted a slot has to change until its table is computed anew."""
OLDEST = timedelta(days=1)
"""After which it is computed anew if anything changed, also less."""

UNKNOWN = Counts(0, 0)


def learning(bundle: Bundle) -> dict[str, Placement]:
    """The placements that draw by what was learnt."""
    return {placement.id: placement for placement in bundle.placements.values() if placement.ranking == "thompson"}


def competing(bundle: Bundle, placement: Placement, stage: str) -> list[str]:
    """The offers that people at a stage (empty for none) may be shown in a placement."""
    every = of_placement(bundle, placement)
    return sorted(offer.id for offer in every if not offer.stages or stage in offer.stages)


def due(slot: LearntSlot, bundle: str, now: datetime) -> bool:
    """Whether a slot's table is to be computed: there is none, its offers may be others, or its arms have changed."""
    if slot.computed is None or slot.computed.bundle != bundle:
        return True
    changed = slot.revision - slot.computed.revision
    return changed > 0 and (changed >= slot.computed.revision * GROWTH or now - slot.computed.computed_at >= OLDEST)


def contests(offers: Collection[str], arms: Mapping[str, Counts], seed: int) -> Iterator[str]:
    """Which offer is the best in each sample: its rate of success is drawn from Beta(1 + successes, 1 + failures)."""
    drawing = Random(seed)  # noqa: S311 - a seed makes the same table again; nothing here is secret
    rates = [
        (offer, 1 + n.succeeded, 1 + n.shown - n.succeeded) for offer in offers for n in [arms.get(offer, UNKNOWN)]
    ]
    for _ in range(min(SAMPLES, MOST_DRAWS // len(rates))):
        yield max((drawing.betavariate(good, bad), offer) for offer, good, bad in rates)[1]


def chances(offers: Collection[str], wins: Mapping[str, int], floor: float) -> dict[str, float]:
    """The probabilities of offers by how often each was the best, none below the floor; they add up to one.

    Where the floor asks for more than there is, all are alike.
    """
    least = min(floor, 1 / len(offers))
    left = 1 - least * len(offers)
    total = sum(wins.values())
    return {offer: least + left * wins.get(offer, 0) / total for offer in offers}
