"""The nouns of the feed of changes."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.consent.model import Permission
from service.kernel.problem import Problem


class Change(Struct, frozen=True):
    """Somebody of whom something changed, and where they stand now on the purposes for which the recipient has data.

    Of an `erased` one everything has to go, and the pseudonym never comes again.
    """

    pseudonym: str
    erased: bool
    purposes: dict[str, Permission]


class Changes(Struct, frozen=True):
    """One page of changes, and how fresh a copy is that has taken them in.

    `next` is where to go on. While there is `more`, ask at once. Once there is not, `as_of` is the time up to which the
    copy knows all that was ever answered, and `tree_size` how many entries the ledger had. With another `bundle`, which
    may judge what was said in another way, read from the beginning.
    """

    changes: list[Change]
    next: UUID | None
    more: bool
    as_of: datetime | None
    tree_size: int
    bundle: str


class Turned(Struct, frozen=True):
    """An entry that may change where a subject stands; with the kept pseudonym where the subject is erased."""

    subject_id: UUID
    erased: bool
    farewell: bytes | None
    entry_id: UUID


class Window(Struct, frozen=True):
    """Some leaves of the tree in order: what turned in them, behind which entry to go on, and how it all stood then."""

    turned: list[Turned]
    last: UUID | None
    more: bool
    as_of: datetime
    tree_size: int


class PlaceLost(Problem):
    """The ledger has no such place."""

    slug = "place-lost"
    status = 409


class NoRecipient(Problem):
    """This key belongs to no recipient."""

    slug = "no-recipient"
    status = 403
