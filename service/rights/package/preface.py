"""What the package says before the data: who decides, why, for how long, who receives it (Art. 15(1)(a) to (d))."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from service.kernel.datamap import DataMap
from service.policy.model import Bundle, Controller, Purpose, Recipient, Text
from service.rights.model import RightsRequest

FORMAT = "placet-access-1"
LANGUAGES = ("en", "it")


class Meaning(Struct, frozen=True):
    """What a column holds, its category of personal data, and its type in the database."""

    meaning: str
    category: str
    type: str


class TableMeaning(Struct, frozen=True):
    """What a table holds, and each of its personal columns."""

    meaning: str
    columns: dict[str, Meaning]


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


class Preface(Struct, frozen=True):
    """Everything in the package but the rows. Nobody who handled the request is named (CJEU C-579/21)."""

    format: str
    request_id: str
    received_at: datetime
    created_at: datetime
    language: str
    controller: dict[str, str]
    purposes: list[PurposePursued]
    recipients: list[RecipientNamed]
    meanings: dict[str, TableMeaning]
    nothing_held: bool
    titles: dict[str, str]


def preface(
    request: RightsRequest, bundle: Bundle, datamap: DataMap, created_at: datetime, *, nothing_held: bool
) -> Preface:
    """The preface of a request's package, in the language of the request or else in English."""
    language = language_of(request.language)
    return Preface(
        format=FORMAT,
        request_id=str(request.request_id),
        received_at=request.received_at,
        created_at=created_at,
        language=language,
        controller=_controller(bundle.controller),
        purposes=[_purpose(purpose, language) for purpose in bundle.purposes.values()],
        recipients=[_recipient(recipient, language) for recipient in bundle.recipients.values()],
        meanings=dict(_meanings(datamap)),
        nothing_held=nothing_held,
        titles=_titles(bundle, language),
    )


def _titles(bundle: Bundle, language: str) -> dict[str, str]:
    """What ids of the bundle that stand in the data are called."""
    titled = {**bundle.channels, **bundle.purposes}
    return {name: _in(language, one.title) for name, one in titled.items() if one.title}


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


def _in(language: str, text: Text) -> str:
    return text.get(language) or next(iter(text.values()), "")


def _meanings(datamap: DataMap) -> Mapping[str, Any]:
    return {
        table.name: TableMeaning(
            meaning=table.meaning,
            columns={
                column.name: Meaning(meaning=column.meaning, category=column.category or "", type=column.type)
                for column in table.personal
            },
        )
        for table, _ in datamap.of_subjects()
    }
