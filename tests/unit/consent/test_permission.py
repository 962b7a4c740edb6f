"""The verdict of a check, step by step."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from service.consent.model import ConsentState, NoticeVersion, Objection, Reason, Standing, Status
from service.consent.rules import fold, permission, protected, stands
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


def test_a_minor_without_a_guardian_is_not_allowed() -> None:
    """Step 11: a grant of a minor for whom nobody answers is no permission, whoever recorded it."""
    alone = fold([msgspec.structs.replace(said(valid_until=NOON + DAY), guardian_missing=True)])["analytics"]
    verdict = permission(purpose(), alone, NOON)
    assert (verdict.allowed, verdict.reason, verdict.status) == (False, Reason.GUARDIAN_REQUIRED, Status.GIVEN)
    assert permission(purpose(), alone, NOON + DAY).reason is Reason.EXPIRED


@pytest.mark.parametrize("status", [Status.REFUSED, Status.WITHDRAWN])
@pytest.mark.parametrize("basis", [basis for basis in LegalBasis if basis is not LegalBasis.CONSENT])
def test_a_no_outlives_a_change_of_basis(basis: LegalBasis, status: Status) -> None:
    """Step 5: whoever said no while the purpose rested on consent is not overruled by another basis."""
    known = state(status, valid_until=None)
    verdict = permission(purpose(basis), known, NOON)
    assert (verdict.allowed, verdict.reason, verdict.proof) == (False, Reason(status.value), known.entry_id)
    assert permission(purpose(basis), state(), NOON).allowed


@pytest.mark.parametrize("basis", list(LegalBasis))
def test_a_restriction_comes_before_everything(basis: LegalBasis) -> None:
    """Step 3: whatever the basis and whatever was objected to, a restriction is the reason."""
    standing = Standing(UUID(int=7), 1, {"analytics": state()}, [objection()], restriction=UUID(int=8))
    verdict = protected(purpose(basis), standing)
    assert verdict is not None
    assert (verdict.allowed, verdict.reason, verdict.proof) == (False, Reason.RESTRICTED, UUID(int=8))


@pytest.mark.parametrize(
    ("basis", "given_after", "objected"),
    [
        (LegalBasis.CONSENT, -HOUR, True),
        (LegalBasis.CONSENT, timedelta(0), True),
        (LegalBasis.CONSENT, HOUR, False),
        (LegalBasis.LEGITIMATE_INTEREST, HOUR, True),
    ],
)
def test_a_later_grant_ends_an_objection(basis: LegalBasis, given_after: timedelta, objected: bool) -> None:
    """Step 4: on consent a yes after the objection ends it, and not one before or at that very instant."""
    states = fold([said(effective_at=NOON + given_after)])
    verdict = protected(purpose(basis), Standing(UUID(int=7), 1, states, [objection()]))
    assert (verdict is not None) == objected
    assert verdict is None or verdict.reason is Reason.OBJECTED


@pytest.mark.parametrize(("then", "now", "covered"), [(True, True, True), (True, False, False), (False, True, False)])
def test_an_objection_to_direct_marketing_covers_all_of_it(then: bool, now: bool, covered: bool) -> None:
    """Step 4: an objection to another purpose reaches this one where both are direct marketing (Art. 21(3))."""
    asked = msgspec.structs.replace(purpose(LegalBasis.LEGITIMATE_INTEREST), direct_marketing=now)
    standing = Standing(UUID(int=7), 1, {}, [objection("newsletter", direct_marketing=then)])
    assert (protected(asked, standing) is not None) == covered


def objection(to: str = "analytics", *, direct_marketing: bool = False) -> Objection:
    """An objection at noon."""
    return Objection(UUID(int=9), to, NOON, direct_marketing)


def test_a_grant_on_a_notice_that_changed_since_is_not_allowed() -> None:
    """Step 10: the person said yes to something else; what expired before, or was refused, is told as that."""
    verdict = permission(purpose(), state(), NOON + HOUR, invalidated=True)
    assert (verdict.allowed, verdict.reason, verdict.status) == (False, Reason.INVALIDATED, Status.INVALIDATED)
    assert verdict.proof == state().entry_id
    assert permission(purpose(), state(), NOON + 365 * DAY, invalidated=True).reason is Reason.EXPIRED
    refused = state(Status.REFUSED, valid_until=None)
    assert permission(purpose(), refused, NOON, invalidated=True).reason is Reason.REFUSED
    assert permission(purpose(LegalBasis.CONTRACT), None, NOON, invalidated=True).allowed


def test_what_was_said_of_something_else_does_not_keep_us_from_asking() -> None:
    """A new question may be asked at once, and whoever had given is told that it no longer holds."""
    given = stands(state(), NOON + HOUR, changed=True)
    assert (given.status, given.ask_again_at) == (Status.INVALIDATED, None)
    refused = stands(state(Status.REFUSED, valid_until=None), NOON + HOUR, changed=True)
    assert (refused.status, refused.ask_again_at) == (Status.REFUSED, None)
