"""What to show: a notice and its purposes in one language, and whether there is anything to ask."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from service.consent.model import Status
from service.consent.rules import ASK_AGAIN_AFTER
from service.consent.status import StatusOfPurpose
from service.policy.model import Bundle, LegalBasis, Purpose
from service.policy.notice import Notice

RETENTION = {"it": "{days} giorni", "en": "{days} days"}


class NoticeText(Struct, frozen=True):
    """The text to show, word for word."""

    id: str
    version: str
    language: str
    sha256: str
    text: str


class PurposeToAsk(Struct, frozen=True):
    """One purpose of the notice, in the reader's language. Nothing starts as given.

    `status` is where it stands for the browser whose cookie came along, null where there is none or nothing to ask;
    `ask_again_at` is null when asking is all right now, and for a grant that never ends.
    """

    id: str
    title: str
    description: str
    legal_basis: str
    recipients: list[str]
    retention: str
    required: bool
    status: Status | None
    ask_again_at: datetime | None


class NoticeToShow(Struct, frozen=True):
    """What to ask on a site; `presented` is null for an old text, on which nothing is recorded.

    `ask`: whether anything needs asking now. Who refuses everything has no cookie and is not known here: a page that
    keeps the refusal itself does not ask for `ask_again_after_days`, unless the version has a new major number.
    """

    notice: NoticeText
    purposes: list[PurposeToAsk]
    presented: str | None
    ask: bool
    ask_again_after_days: int = ASK_AGAIN_AFTER.days


def to_show(
    bundle: Bundle, notice: Notice, told: Mapping[str, StatusOfPurpose], presented: str | None, *, linked: bool = False
) -> NoticeToShow:
    """The notice word for word, and each purpose that it names; none of them starts as given (C1).

    `told`: where the purposes stand for the person who looks; empty for somebody of whom nothing is to be said.
    `linked`: the browser speaks for somebody known, for whom no yes said on a page counts (I10), so that it asks none.
    """
    purposes = [_to_ask(bundle.purposes[purpose], notice.language, told.get(purpose)) for purpose in notice.purposes]
    return NoticeToShow(
        notice=NoticeText(
            id=notice.id, version=notice.version, language=notice.language, sha256=notice.sha256, text=notice.text
        ),
        purposes=purposes,
        presented=presented,
        ask=presented is not None and not linked and any(map(_needs_asking, purposes)),
    )


def _to_ask(purpose: Purpose, language: str, told: StatusOfPurpose | None) -> PurposeToAsk:
    asked = told if purpose.legal_basis is LegalBasis.CONSENT else None
    return PurposeToAsk(
        id=purpose.id,
        title=purpose.title[language],
        description=purpose.description[language],
        legal_basis=purpose.legal_basis.value,
        recipients=list(purpose.recipients),
        retention=RETENTION.get(language, RETENTION["en"]).format(days=purpose.retention_days),
        required=purpose.required,
        status=asked.status if asked else None,
        ask_again_at=asked.ask_again_at if asked else None,
    )


def _needs_asking(purpose: PurposeToAsk) -> bool:
    """Whether consent is asked for, is not there, and neither a refusal nor an objection says to wait."""
    if purpose.legal_basis != LegalBasis.CONSENT.value:
        return False
    return purpose.status is not Status.GIVEN and purpose.ask_again_at is None
