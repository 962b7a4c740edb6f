"""The nouns of who decides, why, for whom and where: what a notice tells of."""

from collections.abc import Mapping
from enum import Enum
from typing import Literal

from msgspec import Struct

Text = Mapping[str, str]
"""The same words in each language of the sites, by language code."""

Kept = Literal["touchpoints", "profile", "decisions"]
"""What may be stored about a person for a purpose, in the names of the tables that hold it."""

Normaliser = Literal["cookie", "email", "phone", "opaque"]
RecipientRole = Literal["processor", "own", "third_party"]


class LegalBasis(Enum):
    """Why processing is lawful at all (Art. 6(1) GDPR, a to f)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Controller(Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides (Art. 4(7)), and how people reach them. `approvals`: officers needed for a request, 1 or 2."""

    name: str
    contact: str
    dpo: str
    authority: str
    country: str
    approvals: int
    rights_contact: str = ""


class IdentifierKind(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of identifier and how two spellings of one become the same. `max_length` is in characters."""

    id: str
    normaliser: Normaliser
    region: str | None
    max_length: int


class Purpose(Struct, frozen=True, forbid_unknown_fields=True):
    """Why data is processed, on which basis, which data, how long and for whom (Art. 5(1)(b), 6, 13)."""

    id: str
    title: Text
    description: Text
    legal_basis: LegalBasis
    data: tuple[Kept, ...]
    retention_days: int
    recipients: tuple[str, ...]
    valid_days: int | None
    honours_gpc: bool
    direct_marketing: bool
    required: bool

    def keeps(self, kind: Kept) -> bool:
        """Whether data of this kind may be stored for the purpose."""
        return kind in self.data


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """A web property: where it runs, what it shows, in which languages (the first is the default).

    `evidence` names the only keys that a consent recorded for it may carry as evidence.
    """

    id: str
    title: Text
    origins: tuple[str, ...]
    notice: str
    languages: tuple[str, ...]
    evidence: tuple[str, ...] = ()


class Recipient(Struct, frozen=True, forbid_unknown_fields=True):
    """Who else receives data (Art. 4(9)); `transfer_basis` says what allows it to leave the EEA (Art. 44 ff.).

    `endpoint` is where it wants to be told of changes; without one it is told nothing. `private`: it is in the
    controller's own network. With `public_key` it signs what it acknowledges, otherwise with the secret that it shares.
    """

    id: str
    title: Text
    role: RecipientRole
    country: str
    transfer_basis: str | None
    endpoint: str | None
    private: bool = False
    public_key: str | None = None


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long what is kept that no purpose's own retention covers, in days; an older touchpoint is refused.

    `holidays` are the calendars, `IT` or `DE-BY`, of the days on which no answer to a person falls due.
    """

    consent_proof: int
    inactive_subjects: int
    closed_requests: int
    suppressions: int
    oldest_touchpoint: int = 3650
    holidays: tuple[str, ...] = ()
