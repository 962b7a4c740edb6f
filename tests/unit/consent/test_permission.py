"""The verdict of a check, step by step."""

from datetime import timedelta

import pytest

from service.consent.model import ConsentState, NoticeVersion, Reason, Status
from service.consent.rules import fold, permission
from service.policy.model import LegalBasis
from tests.unit.consent.saying import DAY, HOUR, NOON, purpose, said

INSTANT = timedelta(microseconds=1)


def state(
    status: Status = Status.GIVEN, *, valid_until: timedelta | None = 365 * DAY, gpc: bool = False
) -> ConsentState:
    """Where a person stands who said one thing at noon."""
    until = NOON + valid_until if valid_until else None
    return fold([said(status, valid_until=until, gpc=gpc)])["analytics"]


@pytest.mark.parametrize("basis", [basis for basis in LegalBasis if basis is not LegalBasis.CONSENT])
def test_another_legal_basis_allows_by_its_own_name(basis: LegalBasis) -> None:
    """Step 6: the bundle allows it, nobody's consent is claimed, and there is no proof to name."""
    verdict = permission(purpose(basis), None, NOON)
    assert (verdict.allowed, verdict.reason, verdict.proof) == (True, Reason(basis.value), None)


def test_no_event_is_not_allowed() -> None:
    """Step 7: silence is not consent."""
    verdict = permission(purpose(), None, NOON)
    assert (verdict.allowed, verdict.reason, verdict.status) == (False, Reason.UNKNOWN, Status.UNKNOWN)
    assert verdict.proof is verdict.valid_until is verdict.notice is None


@pytest.mark.parametrize("status", [Status.REFUSED, Status.WITHDRAWN])
def test_what_is_not_a_grant_is_not_allowed(status: Status) -> None:
    """Step 8: the reason says what the person did, and the proof names it."""
    known = state(status, valid_until=None)
    verdict = permission(purpose(), known, NOON + HOUR)
    assert (verdict.allowed, verdict.reason, verdict.status) == (False, Reason(status.value), status)
    assert verdict.proof == known.entry_id


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (timedelta(0), Reason.CONSENT_GIVEN),
        (365 * DAY - INSTANT, Reason.CONSENT_GIVEN),
        (365 * DAY, Reason.EXPIRED),
        (365 * DAY + INSTANT, Reason.EXPIRED),
    ],
)
def test_the_boundary_instant_is_expired(after: timedelta, reason: Reason) -> None:
    """Step 9: a grant holds until the instant of its expiry, and not at it."""
    verdict = permission(purpose(), state(), NOON + after)
    assert (verdict.reason, verdict.allowed) == (reason, reason is Reason.CONSENT_GIVEN)
    assert verdict.status is (Status.GIVEN if verdict.allowed else Status.EXPIRED)


def test_a_grant_without_an_end_does_not_expire() -> None:
    """Step 9 does not concern a purpose whose consent the bundle lets last."""
    assert permission(purpose(valid_days=None), state(valid_until=None), NOON + 36500 * DAY).allowed


@pytest.mark.parametrize(
    ("honours", "granted_with", "asked_with", "reason"),
    [
        (True, False, True, Reason.GPC),
        (True, True, True, Reason.CONSENT_GIVEN),
        (True, False, False, Reason.CONSENT_GIVEN),
        (False, False, True, Reason.CONSENT_GIVEN),
    ],
)
def test_the_privacy_signal(honours: bool, granted_with: bool, asked_with: bool, reason: Reason) -> None:
    """Step 12: GPC denies what honours it, unless the person granted with the signal on."""
    verdict = permission(purpose(honours_gpc=honours), state(gpc=granted_with), NOON, gpc=asked_with)
    assert (verdict.reason, verdict.allowed) == (reason, reason is Reason.CONSENT_GIVEN)


def test_the_privacy_signal_grants_nothing() -> None:
    """A refusal stays a refusal, and a stranger a stranger."""
    assert permission(purpose(honours_gpc=True), None, NOON, gpc=True).reason is Reason.UNKNOWN
    refused = state(Status.REFUSED, valid_until=None, gpc=True)
    assert permission(purpose(honours_gpc=True), refused, NOON, gpc=True).reason is Reason.REFUSED


def test_a_grant_is_allowed_with_its_proof() -> None:
    """The verdict names the entry, its end, and the notice that was shown."""
    known = state()
    verdict = permission(purpose(), known, NOON)
    assert (verdict.allowed, verdict.reason) == (True, Reason.CONSENT_GIVEN)
    assert (verdict.proof, verdict.valid_until) == (known.entry_id, NOON + 365 * DAY)
    assert verdict.notice == NoticeVersion(id="shop", version="1.0")
