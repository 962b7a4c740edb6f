"""The forms that the files of a bundle fill in: keys are those of the Structs, in kebab-case."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Struct

from service.policy.expression import TypeName
from service.policy.load import values
from service.policy.load.values import InLanguages, Judged, Names
from service.policy.model import FieldSource, Kept, Normaliser, Place, RecipientRole

Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest"]
Transfer = Literal["adequacy", "standard_clauses", "binding_rules"]

Words = Annotated[str, Judged(values.text)]
Id = Annotated[str, Judged(values.identity)]
Event = Annotated[str, Judged(values.event)]
Key = Annotated[str, Judged(values.key)]
Country = Annotated[str, Judged(values.country)]
Language = Annotated[str, Judged(values.language)]
Text = Annotated[Mapping[Language, Words], InLanguages()]
Origin = Annotated[str, Judged(values.origin)]
Endpoint = Annotated[str, Judged(values.endpoint)]
Days = Annotated[int, Judged(values.between(1, 36500, " days"))]
PurposeId = Annotated[str, Names("purpose")]


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


class RecipientsFile(Struct, frozen=True):
    """recipients.toml: the recipients, possibly none."""

    recipient: Mapping[Id, RecipientForm] = {}


class ChannelForm(Struct, frozen=True):
    """`[channel.<id>]`: where touchpoints happen."""

    title: Text
    place: Place
    properties: tuple[Key, ...] = ()


class ChannelsFile(Struct, frozen=True):
    """channels.toml: the channels."""

    channel: Mapping[Id, ChannelForm] = {}


class StageForm(Struct, frozen=True):
    """`[stage.<id>]`: a place in a journey; their order in the file is that of the journey."""

    title: Text
    mindset: Text
    goal: Text
    owner: Words


class TouchpointForm(Struct, frozen=True):
    """`[[touchpoint]]`: an event as evidence for a stage."""

    event: Event
    stage: str
    weight: Annotated[float, Judged(values.above_zero(1000))]
    channel: Annotated[str, Names("channel")] | None = None
    expects: Text | None = None


class JourneyFile(Struct, frozen=True):
    """journeys/<id>.toml: one journey."""

    title: Text
    purpose: PurposeId
    half_life_hours: Annotated[float, Judged(values.above_zero(876_000, " hours"))]
    expiry_days: Days
    hysteresis: Annotated[float, Judged(values.between(0, 10))]
    stage: Mapping[Id, StageForm]
    touchpoint: tuple[TouchpointForm, ...]
    default: bool = False


class FieldForm(Struct, frozen=True):
    """`[field.<id>]`: a fact that rules may read."""

    type: TypeName
    source: FieldSource
    category: str
    purpose: PurposeId | None = None
    event: Event | None = None
    values: tuple[Words, ...] = ()


class FieldsFile(Struct, frozen=True):
    """fields.toml: the fields."""

    field: Mapping[Id, FieldForm] = {}


class PlacementForm(Struct, frozen=True):
    """`[placement.<id>]`: a slot that can be filled."""

    title: Text
    site: Annotated[str, Names("site")]
    fallback: Annotated[str, Names("offer")]


class PlacementsFile(Struct, frozen=True):
    """placements.toml: the placements."""

    placement: Mapping[Id, PlacementForm] = {}


class OfferForm(Struct, frozen=True):
    """`[offer.<id>]`: what may fill placements."""

    title: Text
    placements: tuple[Annotated[str, Names("placement")], ...]
    content: Mapping[Language, Mapping[Key, Words]]
    purposes: tuple[PurposeId, ...] = ()
    stages: tuple[Annotated[str, Names("stage")], ...] = ()
    rule: Words | None = None
    priority: Annotated[int, Judged(values.between(-100_000, 100_000))] = 0
    personalised_price: bool = False


class OffersFile(Struct, frozen=True):
    """offers/<id>.toml: some offers."""

    offer: Mapping[Id, OfferForm] = {}


class RetentionFile(Struct, frozen=True):
    """retention.toml: how long what is kept, in days."""

    consent_proof: Days
    inactive_subjects: Days
    closed_requests: Days
    suppressions: Days


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


class Forms(Struct, frozen=True):
    """All files of a bundle, filled in; where something was wrong there is something blank."""

    controller: ControllerFile
    identity: IdentityFile
    purposes: PurposesFile
    sites: SitesFile
    recipients: RecipientsFile
    channels: ChannelsFile
    fields: FieldsFile
    placements: PlacementsFile
    retention: RetentionFile
    journeys: Mapping[str, JourneyFile]
    offers: Mapping[str, OffersFile]
    notices: Mapping[str, NoticeText]
