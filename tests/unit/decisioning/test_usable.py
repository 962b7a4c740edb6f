"""Whether a decision of the past may still be looked at: by what its person says now, and since when."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from service.consent.model import ConsentState, Objection, Standing, Status
from service.decisioning.evaluation.replaying import usable
from tests.unit.decisioning.offering import SHIPPED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GIVEN = ConsentState(
    purpose="personalization",
    status=Status.GIVEN,
    entry_id=UUID(int=1),
    effective_at=NOON,
    valid_until=None,
    given_since=NOON,
    notice_id="shop",
    notice_version="1.0",
    gpc=False,
)
ADA = Standing(subject_id=UUID(int=7), revision=1, states={"personalization": GIVEN})


def looked_at(standing: Standing | None, *, recorded_at: datetime = NOON, purposes: str = "personalization") -> bool:
    """Whether a decision for these purposes is looked at, a day later."""
    return usable(SHIPPED, purposes.split(), standing, recorded_at, NOON + 24 * HOUR)


def saying(**changes: object) -> Standing:
    """Ada, who says something else."""
    return replace(ADA, states={"personalization": replace(GIVEN, **changes)})


def test_what_is_allowed_is_looked_at() -> None:
    """A yes that holds, from the instant on at which it was given, and what needs none."""
    assert looked_at(ADA)
    assert looked_at(ADA, purposes="service")


@pytest.mark.parametrize(
    "standing",
    [
        None,
        replace(ADA, states={}),
        saying(status=Status.WITHDRAWN),
        saying(status=Status.REFUSED),
        saying(valid_until=NOON + HOUR),
        saying(guardian_missing=True),
        replace(ADA, restriction=UUID(int=2)),
        replace(ADA, objections=(Objection(UUID(int=3), "personalization", NOON + HOUR, direct_marketing=False),)),
    ],
    ids=["erased", "silent", "withdrawn", "refused", "expired", "minor", "restricted", "objected"],
)
def test_what_is_not_allowed_any_more_is_not(standing: Standing | None) -> None:
    """Erased, never asked, withdrawn, refused, expired, a minor, restricted, objected: each is enough."""
    assert not looked_at(standing)


def test_a_later_yes_brings_nothing_back() -> None:
    """What is older than the grant that holds waits to be deleted."""
    assert not looked_at(saying(given_since=NOON + HOUR))


def test_every_purpose_must_be_allowed() -> None:
    """One that is not, or that the bundle does not have any more, is enough to look away."""
    assert not looked_at(ADA, purposes="personalization analytics")
    assert not looked_at(ADA, purposes="personalization gone")
