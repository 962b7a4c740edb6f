"""The verdicts of consent: pure functions of facts and a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from service.consent.model import (
    COLLECTED_ELSEWHERE,
    ConsentState,
    Method,
    NoticeVersion,
    Permission,
    Reason,
    Said,
    Status,
)
from service.policy.model import LegalBasis, Purpose

CLOCK_SKEW = timedelta(seconds=5)
"""How far a server's clock may be ahead of the database's and still mean now."""
LONGEST_DELAY = timedelta(days=1)
"""How far back a browser's clock is believed."""


def permission(purpose: Purpose, state: ConsentState | None, now: datetime, *, gpc: bool = False) -> Permission:
    """Whether this purpose may be pursued, and why. The steps are those of DESIGN section 5.

    Steps 0 and 1 refuse the question, and step 2 the store, before anyone gets here. Steps 3 (restriction),
    4 (objection), 5 (withdrawn under another basis), 10 (new major notice) and 11 (minors) have no facts yet.
    """
    # 6. Another legal basis
    if purpose.legal_basis is not LegalBasis.CONSENT:
        return Permission(allowed=True, reason=Reason(purpose.legal_basis.value))
    # 7. No event, which is also all that an erased person leaves
    if state is None:
        return Permission(allowed=False, reason=Reason.UNKNOWN)
    # 8. The last effective event is not a grant
    if state.status is not Status.GIVEN:
        return _told(state, Reason(state.status.value), state.status)
    # 9. Expired: judged now, so that no job can be late; the boundary instant is expired
    if state.valid_until is not None and now >= state.valid_until:
        return _told(state, Reason.EXPIRED, Status.EXPIRED)
    # 12. Global Privacy Control, unless it was on when the grant was made
    if gpc and purpose.honours_gpc and not state.gpc:
        return _told(state, Reason.GPC, state.status)
    return _told(state, Reason.CONSENT_GIVEN, state.status)


def _told(state: ConsentState, reason: Reason, status: Status) -> Permission:
    return Permission(
        allowed=reason is Reason.CONSENT_GIVEN,
        reason=reason,
        status=status,
        proof=state.entry_id,
        valid_until=state.valid_until,
        notice=NoticeVersion(id=state.notice_id, version=state.notice_version),
    )


def fold(history: Iterable[Said]) -> dict[str, ConsentState]:
    """Where each purpose stands after a history, whatever the order in which it arrived (C11, C23)."""
    by_purpose: dict[str, list[Said]] = {}
    for said in sorted(history, key=_order):
        by_purpose.setdefault(said.purpose, []).append(said)
    return {purpose: _last(events) for purpose, events in by_purpose.items()}


def _order(said: Said) -> tuple[datetime, bool, datetime, bytes]:
    """By the time of effect; at equal times the protective event comes last and so wins."""
    return said.effective_at, said.status is not Status.GIVEN, said.recorded_at, said.entry_id.bytes


def _last(events: Sequence[Said]) -> ConsentState:
    last = events[-1]
    return ConsentState(
        purpose=last.purpose,
        status=last.status,
        entry_id=last.entry_id,
        effective_at=last.effective_at,
        valid_until=last.valid_until,
        given_since=_given_since(events),
        notice_id=last.notice_id,
        notice_version=last.notice_version,
        gpc=last.gpc,
    )


def _given_since(events: Sequence[Said]) -> datetime | None:
    """When the run of grants that the last event ends was first recorded; a refusal or an expiry between breaks it."""
    since: datetime | None = None
    following: Said | None = None
    for said in reversed(events):
        expired = following and said.valid_until and said.valid_until <= following.effective_at
        if said.status is not Status.GIVEN or expired:
            break
        since, following = (min(since, said.recorded_at) if since else said.recorded_at), said
    return since


def takes_effect(
    status: Status, method: Method, collected_at: datetime | None, recorded_at: datetime, *, browser: bool
) -> datetime | None:
    """When a decision takes effect; None for one that a server dates in the future, which is refused.

    A clock that is wrong can only make a permission shorter: a browser's is believed for a day at most, and what
    protects takes effect when recorded, unless it was said elsewhere (paper, phone, import), which no browser knows.
    """
    if collected_at is None:
        return recorded_at
    if not browser and collected_at > recorded_at + CLOCK_SKEW:
        return None
    past = min(collected_at, recorded_at)
    if status is not Status.GIVEN and (browser or method not in COLLECTED_ELSEWHERE):
        return recorded_at
    return max(past, recorded_at - LONGEST_DELAY) if browser else past


def expires(purpose: Purpose, status: Status, effective_at: datetime) -> datetime | None:
    """Until when a grant is valid; None for what never expires."""
    if status is not Status.GIVEN or purpose.valid_days is None:
        return None
    return effective_at + timedelta(days=purpose.valid_days)
