"""The nouns of a change of bundle, as it concerns what people have said."""

from typing import Literal

from msgspec import Struct

from service.consent.model import Status

Effect = Literal["ask_again", "ask", "unasked", "no_stays", "ends"]
"""What becomes of a purpose; `rules.effects` says when."""


class Group(Struct, frozen=True):
    """How many people stand alike on a purpose: what they said last, on which version of a notice."""

    purpose: str
    status: Status
    notice_id: str
    notice_version: str
    people: int


class Standings(Struct, frozen=True):
    """Where everybody stands, in counts: all active people, and those who have said something that has not expired."""

    people: int
    groups: tuple[Group, ...]


class Concerned(Struct, frozen=True):
    """What a change of bundle does to a purpose, and to how many people (None: nobody has counted them)."""

    purpose: str
    effect: Effect
    people: int | None
