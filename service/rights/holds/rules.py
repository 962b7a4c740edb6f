"""What may be held, and until when."""

from collections.abc import Sequence
from datetime import datetime

from service.kernel.datamap import DataMap
from service.kernel.problem import Fault
from service.rights.holds.model import Holding

FOUND_BY = frozenset({"lookups", "holds", "deletions", "idempotency", "outbox"})
"""By what people are found, and copies of what stands elsewhere: to hold these would prove nothing."""


def holdable(datamap: DataMap) -> list[str]:
    """The tables whose rows of one person can be held. What they consented to is kept as sealed proof in any case."""
    whose = ((table.name, owner.flags) for table, owner in datamap.of_subjects() if table.erased)
    return [name for name, flags in whose if "subject" in flags and name not in FOUND_BY]


def faults(holding: Holding, known: Sequence[str], now: datetime) -> list[Fault]:
    """What is wrong with a hold: data that cannot be held, or an end that is over."""
    wrong = [
        Fault(f"$.data[{place}]", f"cannot be held; these can: {', '.join(known)}")
        for place, name in enumerate(holding.data)
        if name not in known
    ]
    return wrong if holding.until > now else [*wrong, Fault("$.until", "must be in the future: a hold has an end")]
