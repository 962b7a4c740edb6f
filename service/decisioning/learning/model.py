"""The nouns of learning."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct


class Arm(NamedTuple):
    """An offer in a placement, shown to people at one stage of the default journey (empty for none)."""

    placement: str
    stage: str
    offer: str


class Counts(NamedTuple):
    """To how many decisions it was shown, and with how many of them it succeeded."""

    shown: int
    succeeded: int


class Computed(Struct, frozen=True):
    """What the newest table of a slot was computed from, and when."""

    revision: int
    bundle: str
    computed_at: datetime


class LearntSlot(Struct, frozen=True):
    """A placement at a stage of which something was learnt, and by how much that has changed in all."""

    placement: str
    stage: str
    arms: Mapping[str, Counts]
    revision: int
    computed: Computed | None
