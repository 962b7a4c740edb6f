"""Events and purposes as the tests of consent write them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from service.consent.model import Said, Status
from service.policy.model import LegalBasis, Purpose

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def said(
    status: Status = Status.GIVEN,
    effective_at: datetime = NOON,
    *,
    number: int = 1,
    purpose: str = "analytics",
    recorded_at: datetime | None = None,
    valid_until: datetime | None = None,
    gpc: bool = False,
) -> Said:
    """One event, recorded when it took effect unless said otherwise."""
    return Said(
        entry_id=UUID(int=number),
        purpose=purpose,
        status=status,
        effective_at=effective_at,
        recorded_at=recorded_at or effective_at,
        valid_until=valid_until,
        notice_id="shop",
        notice_version="1.0",
        gpc=gpc,
    )


def purpose(
    legal_basis: LegalBasis = LegalBasis.CONSENT, *, valid_days: int | None = 365, honours_gpc: bool = False
) -> Purpose:
    """A purpose that differs from others only in what the rules look at."""
    return Purpose(
        id="analytics",
        title={"en": "Analytics"},
        description={"en": "To count visits."},
        legal_basis=legal_basis,
        data=(),
        retention_days=30,
        recipients=(),
        valid_days=valid_days,
        honours_gpc=honours_gpc,
        direct_marketing=False,
        required=False,
    )
