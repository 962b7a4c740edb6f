"""The forms of who decides, why, for whom and where, and of notices."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from service.policy.load import values
from service.policy.load.forms.marks import (
    Basis,
    Country,
    Days,
    Endpoint,
    Holidays,
    Id,
    Key,
    Language,
    Origin,
    PublicKey,
    PurposeId,
    Text,
    Transfer,
    Words,
)
from service.policy.load.values import Judged, Names
from service.policy.model import (
    Kept,
    Normaliser,
    RecipientRole,
)


class ControllerFile(Struct, frozen=True):
    """controller.toml: who decides."""

    name: Words
    contact: Words
    dpo: Words
    authority: Words
    country: Country
    rights_contact: Words
    approvals: Annotated[int, Judged(values.between(1, 2))]


class IdentifierForm(Struct, frozen=True):
    """`[identifier.<id>]`: a kind of identifier."""

    normaliser: Normaliser
    region: Country | None = None
    max_length: Annotated[int, Judged(values.between(1, 1024))] = 254


class IdentityFile(Struct, frozen=True):
    """identity.toml: the kinds of identifier, and what becomes of a browser's grants when its person is known."""

    identifier: Mapping[Id, IdentifierForm]
    adopt_anonymous_grants: bool = False


class PurposeForm(Struct, frozen=True):
    """`[purpose.<id>]`: why data is processed."""

    title: Text
    description: Text
    legal_basis: Basis
    retention_days: Days
    data: tuple[Kept, ...] = ()
    recipients: tuple[Annotated[str, Names("recipient")], ...] = ()
    valid_days: Days | None = None
    honours_gpc: bool = False
    direct_marketing: bool = False
    required: bool = False


class PurposesFile(Struct, frozen=True):
    """purposes.toml: the purposes."""

    purpose: Mapping[Id, PurposeForm]


class SiteForm(Struct, frozen=True):
    """`[site.<id>]`: a web property."""

    title: Text
    origins: tuple[Origin, ...]
    notice: Annotated[str, Names("notice")]
    languages: tuple[Language, ...]
    evidence: tuple[Key, ...] = ()


class SitesFile(Struct, frozen=True):
    """sites.toml: the sites."""

    site: Mapping[Id, SiteForm]


class RecipientForm(Struct, frozen=True):
    """`[recipient.<id>]`: who else receives data."""

    title: Text
    role: RecipientRole
    country: Country
    transfer_basis: Transfer | None = None
    endpoint: Endpoint | None = None
    private: bool = False
    public_key: PublicKey | None = None


class RecipientsFile(Struct, frozen=True):
    """recipients.toml: the recipients, possibly none."""

    recipient: Mapping[Id, RecipientForm] = {}


class RetentionFile(Struct, frozen=True):
    """retention.toml: how long what is kept, in days, and on which days nobody works when something falls due."""

    consent_proof: Days
    inactive_subjects: Days
    closed_requests: Days
    suppressions: Days
    oldest_touchpoint: Days = 3650
    holidays: tuple[Holidays, ...] = ()


class NoticeForm(Struct, frozen=True):
    """The front matter of notices/<id>/<version>.<language>.md."""

    purposes: tuple[PurposeId, ...]
    changes: tuple[PurposeId, ...] | None = None


class NoticeText(Struct, frozen=True):
    """One text of a notice, its placeholders not yet filled."""

    id: str
    version: str
    language: str
    purposes: tuple[str, ...]
    changes: tuple[str, ...] | None
    text: str

    @property
    def minor(self) -> bool:
        """Whether this version corrects one before it, and changes no processing."""
        return not self.version.endswith(".0")

    @property
    def changed(self) -> tuple[str, ...]:
        """The purposes that this version changes: where a major version does not say, all that it names."""
        return () if self.minor else self.purposes if self.changes is None else self.changes
