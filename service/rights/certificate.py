"""What the certificate of an erasure says, and nothing more than was done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.ledger.rules import instant

ISSUED = "placet-erasure-certificate+jwt"


class Erased(Struct, frozen=True):
    """A subject of whom a tombstone is left: the ledger entry that says so, and the rows touched, by table."""

    entry_id: UUID
    rows: Mapping[str, int]


def claims(
    *,
    issuer: str,
    request_id: UUID,
    erased_at: datetime,
    backups_clear_at: datetime | None,
    erased: Sequence[Erased],
    others: Mapping[str, int],
    bundle: str,
) -> dict[str, Any]:
    """The claims of the certificate; `others` are rows of nobody known that named the same identifiers, by table.

    It names no person, and claims nothing about recipients. Of backups it says from when on none opens any more; null
    where nobody knows, since the end of an epoch is overdue or the keyring could not be asked.
    """
    rows: Counter[str] = Counter(others)
    for one in erased:
        rows.update(one.rows)
    touched = {table: count for table, count in sorted(rows.items()) if count}
    return {
        "iss": issuer,
        "iat": int(erased_at.timestamp()),
        "request_id": str(request_id),
        "erased_at": instant(erased_at),
        "backups_clear_at": instant(backups_clear_at) if backups_clear_at else None,
        "nothing_held": not erased and not touched,
        "subjects": len(erased),
        "entries": [str(one.entry_id) for one in erased],
        "rows": touched,
        "bundle": bundle,
    }
