"""What to show: a notice and its purposes in one language."""

from service.consent.model import NoticeText, NoticeToShow, PurposeToAsk
from service.policy.model import Bundle, Notice, Purpose

RETENTION = {"it": "{days} giorni", "en": "{days} days"}


def to_show(bundle: Bundle, notice: Notice, presented: str) -> NoticeToShow:
    """The notice word for word, and each purpose that it names; none of them starts as given (C1)."""
    return NoticeToShow(
        notice=NoticeText(
            id=notice.id, version=notice.version, language=notice.language, sha256=notice.sha256, text=notice.text
        ),
        purposes=[_to_ask(bundle.purposes[purpose], notice.language) for purpose in notice.purposes],
        presented=presented,
    )


def _to_ask(purpose: Purpose, language: str) -> PurposeToAsk:
    return PurposeToAsk(
        id=purpose.id,
        title=purpose.title[language],
        description=purpose.description[language],
        legal_basis=purpose.legal_basis.value,
        recipients=list(purpose.recipients),
        retention=RETENTION.get(language, RETENTION["en"]).format(days=purpose.retention_days),
        required=purpose.required,
    )
