"""What the certificate of an erasure says, and nothing more than was done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.ledger.rules import instant
from service.recipients.model import Outcome
from service.rights.erasure.model import Erased

ISSUED = "placet-erasure-certificate+jwt"


class Kept(Struct, frozen=True):
    """Data that a legal hold keeps, and until when at the longest (Art. 17(3))."""

    data: str
    until: datetime


def claims(
    *,
    issuer: str,
    request_id: UUID,
    issued_at: datetime,
    erased: Erased,
    backups_clear_at: datetime | None,
    recipients: Sequence[Mapping[str, str | None]],
    held: Sequence[Kept],
    scan: Mapping[str, int],
) -> dict[str, Any]:
    """The claims of the certificate. It names no person.

    Of backups it says from when on none opens any more; null where nobody knows, since the end of an epoch is overdue,
    or where keys are kept because something is held.
    """
    touched = {table: count for table, count in sorted(erased.rows.items()) if count}
    return {
        "iss": issuer,
        "iat": int(issued_at.timestamp()),
        "request_id": str(request_id),
        "erased_at": instant(erased.erased_at),
        "backups_clear_at": instant(backups_clear_at) if backups_clear_at else None,
        "nothing_held": not erased.subjects and not touched,
        "subjects": erased.subjects,
        "entries": [str(entry_id) for entry_id in erased.entries],
        "rows": touched,
        "suppressed": erased.suppressed,
        "recipients": list(recipients),
        "held": [{"data": one.data, "until": instant(one.until)} for one in held],
        "scan": dict(scan),
        "bundle": erased.bundle,
    }


def told(outcomes: Sequence[Outcome]) -> list[dict[str, str | None]]:
    """What became of what recipients were told: what they answered, or how far it got."""
    return [
        {
            "recipient": one.recipient,
            "outcome": one.answer or one.state.value,
            "at": instant(one.at) if one.at else None,
        }
        for one in outcomes
    ]


def untold(recipients: Sequence[str]) -> list[dict[str, str | None]]:
    """The recipients without an address for messages: the controller has to tell them itself (Art. 19)."""
    return [{"recipient": recipient, "outcome": "no_endpoint", "at": None} for recipient in recipients]
