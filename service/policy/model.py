"""The nouns of policy: what a bundle says once it has been read and checked.

Everything here is frozen and refers by id: a purpose names its recipients, an offer its placements. The checks of
`load` have already made sure that whatever is named exists.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Literal

from msgspec import Struct

from service.policy.expression import Rule, TypeName, Value
from service.policy.notice import VERSION, Edition, Notice, holding

Text = Mapping[str, str]
"""The same words in each language of the sites, by language code."""

Kept = Literal["touchpoints", "profile", "decisions"]
"""What may be stored about a person for a purpose, in the names of the tables that hold it."""

Normaliser = Literal["cookie", "email", "phone", "opaque"]
FieldSource = Literal["context", "stage", "count", "days_since"]
Place = Literal["online", "offline"]
RecipientRole = Literal["processor", "own", "third_party"]


class Mistake(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing wrong with a bundle: the file, the place in it (`offer.guide.rule`), what is wrong and what to do."""

    file: str
    path: str
    message: str


class BundleRefused(Exception):
    """The bundle has mistakes; `faults` holds all of them, in order of file and path."""

    def __init__(self, faults: Sequence[Mistake]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(f"{fault.file}: {fault.path}: {fault.message}" for fault in self.faults))


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

    `endpoint` is where it wants to be told of changes; without one it is told nothing.
    """

    id: str
    title: Text
    role: RecipientRole
    country: str
    transfer_basis: str | None
    endpoint: str | None


class Channel(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a touchpoint happens. `properties` names the only keys that its touchpoints may carry."""

    id: str
    title: Text
    place: Place
    properties: tuple[str, ...] = ()


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """A place in a journey: what the customer thinks there, what we want to achieve, and who answers for it."""

    id: str
    title: Text
    mindset: Text
    goal: Text
    owner: str


class TouchpointRule(Struct, frozen=True, forbid_unknown_fields=True):
    """An event as evidence for a stage; with a channel, only there. `expects` is what the customer hopes to find."""

    event: str
    channel: str | None
    stage: str
    weight: float
    expects: Text | None


class Journey(Struct, frozen=True, forbid_unknown_fields=True):
    """Stages in order, and how touchpoints become evidence for them.

    Evidence halves every `half_life_hours` and is gone after `expiry_days`. A person moves only when another stage
    leads by more than `hysteresis`, a share of the evidence for the stage they are in (0 moves at once).
    """

    id: str
    title: Text
    purpose: str
    half_life_hours: float
    expiry_days: int
    hysteresis: float
    stages: tuple[Stage, ...]
    rules: tuple[TouchpointRule, ...]

    def rule_for(self, event: str, channel: str) -> TouchpointRule | None:
        """The rule for an event on a channel; one that names the channel comes before one that does not."""
        general: TouchpointRule | None = None
        for rule in self.rules:
            if rule.event == event and rule.channel == channel:
                return rule
            if rule.event == event and rule.channel is None:
                general = rule
        return general


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """One fact that a rule may read, and the purpose that reading it serves (None: it is not about the person)."""

    id: str
    type: TypeName
    purpose: str | None
    source: FieldSource
    category: str
    event: str | None = None
    values: tuple[str, ...] = ()

    def value_of(self, raw: object) -> Value | None:
        """A value from outside (JSON) as this field's type, or None where it is not one; dates are `YYYY-MM-DD`."""
        if self.type == "boolean":
            return raw if isinstance(raw, bool) else None
        if self.type == "number":
            return raw if isinstance(raw, int | float) and not isinstance(raw, bool) else None
        if not isinstance(raw, str):
            return None
        if self.type == "text":
            return raw if not self.values or raw in self.values else None
        try:
            return date.fromisoformat(raw)
        except ValueError:
            return None


class Placement(Struct, frozen=True, forbid_unknown_fields=True):
    """A slot that can be filled, and the offer that fills it when nothing else may."""

    id: str
    title: Text
    site: str
    fallback: str


class Offer(Struct, frozen=True, forbid_unknown_fields=True):
    """What may fill a placement. `required` is derived from what the rule reads and is never more than `purposes`."""

    id: str
    title: Text
    placements: tuple[str, ...]
    purposes: frozenset[str]
    required: frozenset[str]
    stages: tuple[str, ...]
    rule: Rule | None
    reads: frozenset[str]
    priority: int
    content: Mapping[str, Mapping[str, str]]
    personalised_price: bool


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long what is kept that no purpose's own retention covers, in days."""

    consent_proof: int
    inactive_subjects: int
    closed_requests: int
    suppressions: int


class Bundle(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """All of `policies/`, checked and frozen; `digest` names it ("sha256:…" over its frozen content)."""

    digest: str
    controller: Controller
    identifier_kinds: Mapping[str, IdentifierKind]
    adopt_anonymous_grants: bool
    purposes: Mapping[str, Purpose]
    notices: Mapping[str, tuple[Notice, ...]]
    sites: Mapping[str, Site]
    recipients: Mapping[str, Recipient]
    channels: Mapping[str, Channel]
    journeys: Mapping[str, Journey]
    default_journey: str
    fields: Mapping[str, Field]
    placements: Mapping[str, Placement]
    offers: Mapping[str, Offer]
    retention: Retention

    def origins(self) -> frozenset[str]:
        """Every origin that a site of this bundle runs on."""
        return frozenset(origin for site in self.sites.values() for origin in site.origins)

    def current_notice(self, notice_id: str, language: str) -> Notice:
        """The newest text in a language, else in the first language of the site that shows it; KeyError if unknown."""
        texts = self.notices[notice_id]
        newest = max((text.major, text.minor) for text in texts)
        current = {text.language: text for text in texts if (text.major, text.minor) == newest}
        default = next((site.languages[0] for site in self.sites.values() if site.notice == notice_id), "")
        return current.get(language) or current.get(default) or next(iter(current.values()))

    def notice(self, notice_id: str, version: str, language: str) -> Notice | None:
        """Exactly this text, also an old one (Art. 7(1)), or None where there never was one."""
        texts = self.notices.get(notice_id, ())
        return next((text for text in texts if text.version == version and text.language == language), None)

    def edition(self, site_id: str, edition: Edition) -> Notice | None:
        """The text of a site's notice that is meant: if in several languages the site's first, then the newest."""
        site = self.sites.get(site_id)
        texts = [text for text in self.notices[site.notice] if edition.fits(text)] if site else []
        default = site.languages[0] if site else ""
        return max(texts, key=lambda text: (text.language == default, text.major, text.minor), default=None)

    def superseded(self, notice_id: str, version: str) -> bool:
        """Whether a version with a higher major number exists, so that what it says no longer holds."""
        form = VERSION.fullmatch(version)
        return form is not None and any(text.major > int(form[1]) for text in self.notices.get(notice_id, ()))

    def invalidated(self, notice_id: str, version: str, purpose: str) -> bool:
        """Whether a later major version changed or dropped this purpose, so that what was said on `version` ended."""
        return purpose not in self._holding(notice_id, version)

    @cached_property
    def _holding(self) -> Callable[[str, str], frozenset[str]]:
        """The purposes for which what was said on a version of a notice still holds; every check asks."""
        return holding(self.notices, self.purposes)
