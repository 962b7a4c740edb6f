"""The nouns of what people are told about themselves: where each purpose stands, and when they are asked again."""

from datetime import datetime

from msgspec import Struct

from service.consent.model import NoticeVersion, Status
from service.subjects.model import Identifier


class StatusQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose status; a browser leaves it out and is known by its cookie."""

    subject: Identifier | None = None


class StatusOfPurpose(Struct, frozen=True):
    """Where a purpose stands, since when, and the notice that it was decided on.

    `ask_again_at` is null when asking is all right now, and for a grant that never ends.
    """

    status: Status = Status.UNKNOWN
    since: datetime | None = None
    notice: NoticeVersion | None = None
    ask_again_at: datetime | None = None


class StatusByPurpose(Struct, frozen=True):
    """Where every purpose of the active bundle stands."""

    purposes: dict[str, StatusOfPurpose]
