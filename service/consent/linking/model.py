"""The nouns of linking: who joins whom, what becomes of each purpose, and what can be wrong."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Literal
from uuid import UUID

from msgspec import Struct

from service.consent.model import ConsentState, Objection, Status
from service.kernel.problem import Problem
from service.subjects.model import Identifier


class Linking(Struct, frozen=True, forbid_unknown_fields=True):
    """The browser, and who is known to use it now."""

    anonymous: Identifier
    known: Identifier


class Unlinking(Struct, frozen=True, forbid_unknown_fields=True):
    """The browser whose link ends."""

    identifier: Identifier


class Outcome(Enum):
    """What became of a purpose when two subjects were linked."""

    REFUSAL_ADOPTED = "refusal_adopted"
    REFUSAL_KEPT = "refusal_kept"
    GRANT_KEPT = "grant_kept"
    GRANT_ADOPTED = "grant_adopted"
    GRANT_NOT_ADOPTED = "grant_not_adopted"


ADOPTED = frozenset({Outcome.REFUSAL_ADOPTED, Outcome.GRANT_ADOPTED})
WHY = {
    Outcome.REFUSAL_ADOPTED: "The browser said no, and a no wins on either side.",
    Outcome.REFUSAL_KEPT: "The known subject's no stands, whatever the browser said.",
    Outcome.GRANT_KEPT: "The known subject's grant stands, and the browser did not say no.",
    Outcome.GRANT_ADOPTED: "The known subject never decided, and the bundle adopts what the browser gave.",
    Outcome.GRANT_NOT_ADOPTED: "The bundle does not adopt grants of browsers (adopt-anonymous-grants, identity.toml).",
}


class MergedPurpose(Struct, frozen=True):
    """Where the known subject stands on a purpose now, what became of what both had said, and why."""

    status: Status
    outcome: Outcome
    why: str


class Merger(Struct, frozen=True):
    """What a link does: the outcomes, and what of the browser's the known subject gets."""

    purposes: Mapping[str, MergedPurpose]
    states: Sequence[ConsentState]
    objections: Sequence[Objection]
    restricted: bool


class Linked(Struct, frozen=True):
    """The known subject that the browser now speaks for, the entry that says so, and what was merged, by purpose.

    `objections` are the purposes to which the browser's objection now is theirs; `restricted`: so is its restriction.
    """

    subject_id: UUID
    link: UUID
    purposes: Mapping[str, MergedPurpose]
    objections: list[str]
    restricted: bool


class RestoredPurpose(Struct, frozen=True):
    """Where the known subject stands on a purpose again; `kept` where they have spoken since, or another no holds."""

    status: Status
    outcome: Literal["restored", "kept"]


class Unlinked(Struct, frozen=True):
    """The known subject that the browser no longer speaks for, and the purposes on which the link had a say.

    Nobody and nothing where there was no link to end.
    """

    subject_id: UUID | None
    purposes: Mapping[str, RestoredPurpose]


class LinkRefused(Problem):
    """These identifiers cannot be linked."""

    slug = "link-refused"
    status = 422


class LinkedElsewhere(Problem):
    """The browser is linked to another known subject."""

    slug = "linked-elsewhere"
    status = 409
