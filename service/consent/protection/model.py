"""The nouns of objection and restriction."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from service.consent.model import ShortText
from service.kernel.problem import Problem
from service.subjects.model import Identifier


class Objecting(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's objection to purposes; no reason is asked for."""

    purposes: Annotated[list[ShortText], Meta(min_length=1, max_length=100)]
    subject: Identifier | None = None


class ObjectedPurpose(Struct, frozen=True):
    """What was recorded for one purpose."""

    entry_id: UUID
    purpose: str
    effective_at: datetime
    recorded_at: datetime


class Objected(Struct, frozen=True):
    """What was recorded, with the receipt that the subject keeps."""

    subject_id: UUID
    records: list[ObjectedPurpose]
    receipt: str


class Restricting(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose data is meant."""

    subject: Identifier


class Telling(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose restriction ends, and how they were `told` before (Art. 18(3)); it is kept sealed, as evidence."""

    subject: Identifier
    told: Annotated[str, Meta(min_length=1, max_length=4000)]

    def __repr__(self) -> str:
        return "Telling(…)"


class Restricted(Struct, frozen=True):
    """The restriction that holds now, and the entry that says so."""

    subject_id: UUID
    entry_id: UUID
    since: datetime


class Lifted(Struct, frozen=True):
    """The entry that ended a restriction; null where there was none to end."""

    subject_id: UUID | None
    entry_id: UUID | None


class ObjectionRefused(Problem):
    """This cannot be recorded as an objection."""

    slug = "objection-refused"
    status = 422
