"""The nouns of retention: what goes, and why."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum

from msgspec import Struct


class Why(Enum):
    """Why rows go."""

    PURPOSES = "no purpose keeps it any longer"
    WINDOW = "its window has been over for a month"
    CLAIMS = "the time for claims is over"
    CLOSED = "its request was closed long ago"
    INACTIVE = "nothing was heard of the person for long"


class Gone(Struct, frozen=True, order=True):
    """So many rows of a table, and why; of `subjects` it is people, who are purged with all that is theirs."""

    table: str
    why: str
    rows: int


class Counts(Struct, frozen=True):
    """What went, or what would go; `finished` is false where another process was at it and went on."""

    dry_run: bool
    at: datetime
    gone: list[Gone]
    finished: bool = True


class Window(Struct, frozen=True):
    """Rows of a table kept for a purpose, which may have been kept for as many days as it keeps them."""

    table: str
    purpose: str
    days: int
    query: str


class Elsewhere(Exception):
    """Another process deletes at this moment."""


Deleted = Mapping[tuple[str, Why], int]
"""How many rows of which table went, and why."""
Tell = Callable[[str, int], None]
"""Is told how many more rows of a table have gone, or people have been looked at."""


def unheard(what: str, more: int) -> None:
    """Nobody has to be told."""
