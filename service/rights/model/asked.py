"""What is asked: a right, by whom, and what officers say of it."""

from enum import Enum
from typing import Annotated

from msgspec import Meta, Struct

from service.consent.model import ShortText
from service.subjects.model import Identifier

LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
"""A language and perhaps a country. Nobody is refused for theirs: what we cannot write in it, we write in English."""

FreeText = Annotated[str, Meta(min_length=1, max_length=4000)]


class Right(Enum):
    """Which right is exercised (Art. 15, 20, 17, 16, 18, 21)."""

    ACCESS = "access"
    PORTABILITY = "portability"
    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


class State(Enum):
    """Where a request stands; `rules.MOVES` says where it may go from there."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    OPEN = "open"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_EXCEPTIONS = "completed_with_exceptions"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


class Refusal(Enum):
    """For which reasons a request may be refused; there are no others (Art. 11(2), 12(5), 15(4), 17(3), 18, 21(1))."""

    IDENTITY_NOT_VERIFIED = "identity_not_verified"
    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"
    EXCESSIVE = "excessive"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGAL_CLAIMS = "legal_claims"
    FREEDOM_OF_EXPRESSION = "freedom_of_expression"
    PUBLIC_INTEREST = "public_interest"
    THIRD_PARTY_RIGHTS = "third_party_rights"
    NOT_APPLICABLE = "not_applicable"


class Verification(Struct, frozen=True, forbid_unknown_fields=True):
    """How the site has made sure that the person is who they say."""

    method: Annotated[str, Meta(min_length=1, max_length=200)]
    note: FreeText | None = None

    def __repr__(self) -> str:
        return "Verification(…)"


class Filing(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's request. A browser names nobody: it asks for the subject of its own cookie.

    `purposes` are what is objected to, `replacement` is the right identifier in the place of a wrong one of its kind,
    `grounds` are those of an objection or a restriction.
    """

    right: Right
    language: LanguageTag
    identifiers: Annotated[list[Identifier], Meta(max_length=20)] = []
    purposes: Annotated[list[ShortText], Meta(min_length=1, max_length=100)] | None = None
    replacement: Identifier | None = None
    grounds: FreeText | None = None
    details: FreeText | None = None
    verified: Verification | None = None

    def __repr__(self) -> str:
        return f"Filing({self.right.value}, …)"


class Vouching(Struct, frozen=True, forbid_unknown_fields=True):
    """How an officer has made sure that the person is who they say."""

    note: FreeText

    def __repr__(self) -> str:
        return "Vouching(…)"


class Extending(Struct, frozen=True, forbid_unknown_fields=True):
    """Why the answer takes longer than a month: how complex or how many the requests are (Art. 12(3))."""

    reason: FreeText

    def __repr__(self) -> str:
        return "Extending(…)"


class Refusing(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing is done, from the closed list and in words for the person (Art. 12(4))."""

    reason: Refusal
    text: FreeText

    def __repr__(self) -> str:
        return f"Refusing({self.reason.value}, …)"


class Lifting(Struct, frozen=True, forbid_unknown_fields=True):
    """That a restriction is to end. `told`: how the person was told by other means than a letter of ours."""

    told: FreeText | None = None

    def __repr__(self) -> str:
        return "Lifting(…)"
