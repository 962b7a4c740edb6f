"""The nouns of pseudonyms."""

from typing import Annotated

from msgspec import Meta, Struct

from service.kernel.problem import Problem
from service.subjects.model import Identifier

MOST = 1000


class Naming(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to name to which recipient of the bundle."""

    recipient: Annotated[str, Meta(min_length=1, max_length=100)]
    subjects: Annotated[list[Identifier], Meta(min_length=1, max_length=MOST)]


class Pseudonyms(Struct, frozen=True):
    """The pseudonym of each subject, in order; null for whoever is not known, or no longer."""

    pseudonyms: list[str | None]


class RecipientUnknown(Problem):
    """The bundle does not know this recipient."""

    slug = "recipient-unknown"
    status = 422
