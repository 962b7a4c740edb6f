"""The nouns of letters about requests."""

from datetime import datetime
from enum import Enum

from msgspec import Struct


class Kind(Enum):
    """What a letter tells."""

    CODE = "code"
    EXTENDED = "extended"
    REFUSED = "refused"
    PACKAGE = "package"
    LIFTED = "lifted"
    COMPLETED = "completed"
    COMPLETED_WITH_EXCEPTIONS = "completed_with_exceptions"


class Facts(Struct, frozen=True):
    """What a letter says beyond what its request does: each kind needs its own, and no more.

    `code` of CODE; `reason` in words of EXTENDED and REFUSED; `link` of PACKAGE; `at`: when a code or a link ends, or a
    restriction is lifted; of an end with exceptions, whether some recipient is `silent`, until when anything is `held`.
    """

    code: str = ""
    reason: str = ""
    link: str = ""
    at: datetime | None = None
    silent: bool = False
    held: datetime | None = None
