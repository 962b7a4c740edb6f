"""The nouns of legal holds."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from service.kernel.body import Instant
from service.kernel.problem import Problem


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """What must be kept although its erasure is asked for: tables of the data map, until when, and why (Art. 17(3))."""

    data: Annotated[list[Annotated[str, Meta(min_length=1, max_length=63)]], Meta(min_length=1, max_length=50)]
    until: Instant
    reason: Annotated[str, Meta(min_length=1, max_length=4000)]

    def __repr__(self) -> str:
        return "Holding(…)"


class Hold(Struct, frozen=True):
    """Data that is held, for officers."""

    data: str
    until: datetime
    reason: str
    held_at: datetime

    def __repr__(self) -> str:
        return f"Hold({self.data}, …)"


class Holds(Struct, frozen=True):
    """What is held on a request; nothing where nobody is known whose data it could be."""

    holds: list[Hold]


class HoldRefused(Problem):
    """This cannot be held."""

    slug = "hold-refused"
    status = 422


class HoldTooLate(Problem):
    """There is nothing left to hold."""

    slug = "hold-too-late"
    status = 409
