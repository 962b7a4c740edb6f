"""The nouns of links to packages."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.kernel.problem import Problem
from service.rights.model import State


class Link(Struct, frozen=True):
    """Where a link leads, in which language the person asked, and whether it may still be used."""

    request_id: UUID
    language: str
    expires_at: datetime
    state: State


class LinkUnknown(Problem):
    """There is no such link."""

    slug = "link-unknown"
    status = 404


class LinkExpired(Problem):
    """This link has expired."""

    slug = "link-expired"
    status = 410


class LinkUsed(Problem):
    """The package behind this link was fetched."""

    slug = "link-used"
    status = 410
