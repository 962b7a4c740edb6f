"""The nouns of identity: identifiers, lookups, and what can be wrong with them."""

from typing import Annotated, NamedTuple
from uuid import UUID

from litestar.params import HeaderParameter
from msgspec import Meta, Struct

from service.kernel.crypto import framed
from service.kernel.problem import Problem

COOKIE_HEADER = "Placet-Cookie"

CookieHeader = Annotated[str | None, HeaderParameter(name=COOKIE_HEADER)]
"""The cookie value that a browser sends along; whose it is decides whom it speaks for."""


class Identifier(Struct, frozen=True, forbid_unknown_fields=True):
    """What the outside world calls a subject."""

    kind: Annotated[str, Meta(min_length=1, max_length=40)]
    value: Annotated[str, Meta(min_length=1, max_length=1024)]

    def __repr__(self) -> str:
        return f"Identifier({self.kind}, …)"


class Lookup(Struct, frozen=True):
    """The version of a key and the hash under it of a normalised identifier, which lasts as long as the request.

    `anonymous`: it names a browser, and so nobody in particular.
    """

    hash: bytes
    kind: str
    key_version: int
    normalised: str
    anonymous: bool = False

    @property
    def name(self) -> bytes:
        """What stays the same whichever key is in use; it has the identifier in clear, and is only ever hashed."""
        return framed(self.kind.encode(), self.normalised.encode())

    def __repr__(self) -> str:
        return f"Lookup({self.kind}, …)"


class Led(NamedTuple):
    """The subject that a lookup leads to, and whose own the lookup is: another's while it is linked."""

    subject_id: UUID
    home: UUID


class IdentifierRefused(Problem):
    """The identifier cannot be normalised."""

    slug = "identifier-refused"
    status = 422


class IdentifierTaken(Problem):
    """The right identifier is somebody else's."""

    slug = "identifier-taken"
    status = 409


class SubjectMissing(Problem):
    """The request does not say whom it is about."""

    slug = "subject-missing"
    status = 422


class NotYourSubject(Problem):
    """A browser acts for the subject of its own cookie only."""

    slug = "not-your-subject"
    status = 403
