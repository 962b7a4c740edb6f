"""The nouns of a gap."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem, Unavailable


class Leaf(Struct, frozen=True):
    """A leaf as the file beside the checkpoint has it: the entry's id, and the hash that is in the tree."""

    entry_id: UUID
    hash: bytes


class Lacking(Struct, frozen=True):
    """What a database lacks of the published tree: the leaves from `first` up to and without `end`.

    `missing` are those among them whose entry is gone; of others the entry waits in the queue.
    """

    first: int
    end: int
    root: bytes
    missing: list[Leaf]


class GapShown(Struct, frozen=True):
    """Whether there is a gap, and of what: how many entries are missing, and from when to when they were recorded."""

    open: bool
    tree_size: int
    published_size: int
    missing: int
    since: datetime | None
    until: datetime | None


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """What an officer did about the entries that are missing before they close the gap."""

    note: Annotated[str, Meta(min_length=1, max_length=4000)]

    def __repr__(self) -> str:
        return "Closing(…)"


class Closed(Struct, frozen=True):
    """The entry that closes a gap; checks answer again once the tree has the leaves back, in about a second."""

    entry_id: UUID
    missing: int


class GapOpen(Unavailable):
    """Entries of the ledger are missing, withdrawals perhaps among them."""

    slug = "gap-open"
    status = 503


class NoGap(Problem):
    """There is no gap to close."""

    slug = "no-gap"
    status = 409


class LeavesLost(Problem):
    """The leaves that are missing cannot be put back."""

    slug = "leaves-lost"
    status = 409
