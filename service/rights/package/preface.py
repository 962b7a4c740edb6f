"""What the package says before the data: who decides, why, how long, for whom, and by which logic (Art. 15(1))."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from service.decisioning.explanation.names import Names, names_in
from service.kernel.datamap import DataMap
from service.policy.model import Bundle, Controller, Purpose, Recipient, Text
from service.rights.model import RightsRequest
from service.rights.package.insights import MEANINGS
from service.rights.package.meanings import TableMeaning, meanings
from service.rights.package.words import LANGUAGES, words_in

ACCESS, PORTABILITY = "placet-access-2", "placet-portability-1"


class Titled(Struct, frozen=True):
    """Something of the policies, with its title."""

    id: str
    title: str


class PurposePursued(Struct, frozen=True):
    """Why data is processed, on which basis, how long it is kept and for whom."""

    id: str
    title: str
    description: str
    legal_basis: str
    retention_days: int
    recipients: list[str]


class RecipientNamed(Struct, frozen=True):
    """Who else receives data, where, and what allows it to leave the EEA."""

    id: str
    title: str
    role: str
    country: str
    transfer_basis: str | None


class PlacementFilled(Struct, frozen=True):
    """A place of a page for which something is chosen, and how one of several is taken."""

    id: str
    title: str
    ranking: str


class FieldRead(Struct, frozen=True):
    """A fact about a person that may be read to choose, and for which purpose."""

    id: str
    title: str
    purpose: str


class Logic(Struct, frozen=True):
    """How what people are shown is chosen, and what that means for them (Art. 13(2)(f), 15(1)(h))."""

    paragraphs: list[str]
    placements: list[PlacementFilled]
    fields: list[FieldRead]


class NoticeShown(Struct, frozen=True):
    """A text that was shown, word for word; `sha256` is that of its UTF-8 bytes, by which entries name it."""

    id: str
    version: str
    language: str
    sha256: str
    text: str


class Cover(Struct, frozen=True):
    """What every package says of itself. Nobody who handled the request is named (CJEU C-579/21)."""

    format: str
    request_id: str
    received_at: datetime
    created_at: datetime
    language: str
    controller: dict[str, str]
    meanings: Mapping[str, TableMeaning]
    nothing_held: bool


class Preface(Cover, frozen=True):
    """Everything in an access package but the rows."""

    purposes: list[PurposePursued]
    recipients: list[RecipientNamed]
    retention: dict[str, int]
    sources: list[Titled]
    logic: Logic
    titles: dict[str, str]
    checkpoint: str | None
    notices: list[NoticeShown]


class Said(Struct, frozen=True):
    """What a package is about: the request, the policies in force, when it was put together, and what was found."""

    request: RightsRequest
    bundle: Bundle
    datamap: DataMap
    created_at: datetime
    nothing_held: bool

    def cover(self) -> Cover:
        """The cover of what people take along."""
        return Cover(PORTABILITY, *self._own(), meanings(self.datamap), self.nothing_held)

    def preface(self, checkpoint: str | None) -> Preface:
        """The preface of an access package, in the language of the request or else in English."""
        names = names_in(self.bundle, "", language_of(self.request.language))
        return Preface(
            ACCESS,
            *self._own(),
            {**meanings(self.datamap), **MEANINGS},
            self.nothing_held,
            purposes=[_purpose(purpose, names.language) for purpose in self.bundle.purposes.values()],
            recipients=[_recipient(recipient, names.language) for recipient in self.bundle.recipients.values()],
            retention=_retention(self.bundle),
            sources=[Titled(name, names.channel(name).title) for name in self.bundle.channels],
            logic=_logic(names),
            titles=_titles(names),
            checkpoint=checkpoint,
            notices=[],
        )

    def _own(self) -> tuple[str, datetime, datetime, str, dict[str, str]]:
        request = self.request
        language = language_of(request.language)
        controller = _controller(self.bundle.controller)
        return str(request.request_id), request.received_at, self.created_at, language, controller


def language_of(wanted: str) -> str:
    """The language in which a package is written for who asked in another one, perhaps."""
    asked = wanted.partition("-")[0]
    return asked if asked in LANGUAGES else LANGUAGES[0]


def _controller(controller: Controller) -> dict[str, str]:
    return {
        "name": controller.name,
        "contact": controller.rights_contact or controller.contact,
        "dpo": controller.dpo,
        "authority": controller.authority,
    }


def _purpose(purpose: Purpose, language: str) -> PurposePursued:
    return PurposePursued(
        id=purpose.id,
        title=_in(language, purpose.title),
        description=_in(language, purpose.description),
        legal_basis=purpose.legal_basis.value,
        retention_days=purpose.retention_days,
        recipients=list(purpose.recipients),
    )


def _recipient(recipient: Recipient, language: str) -> RecipientNamed:
    return RecipientNamed(
        id=recipient.id,
        title=_in(language, recipient.title),
        role=recipient.role,
        country=recipient.country,
        transfer_basis=recipient.transfer_basis,
    )


def _retention(bundle: Bundle) -> dict[str, int]:
    """How many days is kept what no purpose's own retention covers."""
    kept = bundle.retention
    return {
        "consent_proof": kept.consent_proof,
        "inactive_subjects": kept.inactive_subjects,
        "closed_requests": kept.closed_requests,
        "suppressions": kept.suppressions,
    }


def _logic(names: Names) -> Logic:
    return Logic(
        paragraphs=[*words_in(names.language).logic],
        placements=[
            PlacementFilled(one.id, names.placement(one.id).title, names.words.rankings[one.ranking])
            for one in names.bundle.placements.values()
        ],
        fields=[
            FieldRead(field.id, names.field(field.id).title, field.purpose)
            for field in names.bundle.fields.values()
            if field.purpose
        ],
    )


def _titles(names: Names) -> dict[str, str]:
    """What ids that stand in the data are called."""
    bundle = names.bundle
    titled = {**bundle.channels, **bundle.purposes, **bundle.placements, **bundle.offers, **bundle.journeys}
    stages = {stage.id: _in(names.language, stage.title) for one in bundle.journeys.values() for stage in one.stages}
    return stages | {name: _in(names.language, one.title) for name, one in titled.items() if one.title}


def _in(language: str, text: Text | None) -> str:
    return (text or {}).get(language) or next(iter((text or {}).values()), "")
