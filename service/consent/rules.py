"""The verdicts of consent: pure functions of facts and a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from service.consent.model import (
    COLLECTED_ELSEWHERE,
    ConsentState,
    Method,
    NoticeVersion,
    Objection,
    Permission,
    Reason,
    Said,
    Standing,
    Status,
)
from service.consent.past import Past, Restriction
from service.consent.status import StatusOfPurpose
from service.policy.model import LegalBasis, Purpose

CLOCK_SKEW = timedelta(seconds=5)
"""How far a server's clock may be ahead of the database's and still mean now."""
INSTANT = timedelta(microseconds=1)
"""The least that the database tells apart."""
ASK_AGAIN_AFTER = timedelta(days=184)
"""How long nobody is asked again who said no: six months (Garante, 10 June 2021), which are never longer than this."""

ENDED = {Reason.EXPIRED: Status.EXPIRED, Reason.INVALIDATED: Status.INVALIDATED}
"""Where a grant stands that holds no longer, whatever the person said last."""


def protected(purpose: Purpose, standing: Standing) -> Permission | None:
    """Why a purpose may not be pursued whatever was consented to and whatever the basis; None where nothing forbids it.

    Whoever objects to one direct-marketing purpose objects to all of them, and to the profiling for them (Art. 21(3)).
    """
    if standing.restriction is None and not standing.objections:
        return None
    # 3. Processing restricted (Art. 18)
    state = standing.states.get(purpose.id)
    status = state.status if state else Status.UNKNOWN
    if standing.restriction is not None:
        return Permission(allowed=False, reason=Reason.RESTRICTED, status=status, proof=standing.restriction)
    # 4. An objection (Art. 21), unless the person has said yes to this very purpose since
    if (objection := objection_to(purpose, standing)) is None:
        return None
    return Permission(allowed=False, reason=Reason.OBJECTED, status=status, proof=objection.entry_id)


def objection_to(purpose: Purpose, standing: Standing) -> Objection | None:
    """The last objection that covers a purpose; None without one, or once the person said yes to the purpose since."""
    covering = [o for o in standing.objections if _covers(o, purpose)]
    objection = max(covering, key=lambda o: (o.effective_at, o.entry_id), default=None)
    if objection is None or given_since_objecting(purpose, standing.states.get(purpose.id), objection):
        return None
    return objection


def counts_since(purpose: Purpose, standing: Standing) -> datetime | None:
    """From when on what was recorded counts for a purpose: since the grant that holds, and after any objection.

    None where neither says anything. What is older waits to be deleted, and no later grant brings it back.
    """
    state = standing.states.get(purpose.id)
    objected = [o.effective_at + INSTANT for o in standing.objections if _covers(o, purpose)]
    return max([*objected, *([state.given_since] if state and state.given_since else [])], default=None)


def _covers(objection: Objection, purpose: Purpose) -> bool:
    """Whether an objection is to this purpose; one to direct marketing is to all of it."""
    return objection.purpose == purpose.id or (objection.direct_marketing and purpose.direct_marketing)


def given_since_objecting(purpose: Purpose, state: ConsentState | None, objection: Objection) -> bool:
    """Whether a person has said yes to this very purpose since they objected to it."""
    return (
        purpose.legal_basis is LegalBasis.CONSENT
        and state is not None
        and state.status is Status.GIVEN
        and state.effective_at > objection.effective_at
    )


def permission(
    purpose: Purpose, state: ConsentState | None, now: datetime, *, gpc: bool = False, invalidated: bool = False
) -> Permission:
    """Whether this purpose may be pursued, and why. The steps are those of DESIGN section 5.

    Steps 0 and 1 refuse the question, and step 2 the store, before anyone gets here; `protected` has steps 3 and 4.
    """
    # 5. A no to consent outlives a change to another basis: nobody is told "you decide" to be overruled later (C18)
    if purpose.legal_basis is not LegalBasis.CONSENT and state is not None and state.status is not Status.GIVEN:
        return _told(state, Reason(state.status.value), state.status)
    # 6. Another legal basis
    if purpose.legal_basis is not LegalBasis.CONSENT:
        return Permission(allowed=True, reason=Reason(purpose.legal_basis.value))
    # 7. No event, which is also all that an erased person leaves
    if state is None:
        return Permission(allowed=False, reason=Reason.UNKNOWN)
    return _by_consent(purpose, state, now, gpc=gpc, invalidated=invalidated)


def _by_consent(purpose: Purpose, state: ConsentState, now: datetime, *, gpc: bool, invalidated: bool) -> Permission:
    """Steps 8 to 12: whether what the person said last carries the purpose."""
    # 8. The last effective event is not a grant
    if state.status is not Status.GIVEN:
        return _told(state, Reason(state.status.value), state.status)
    # 9 to 12. What can be wrong with a grant
    reason = _of_grant(purpose, state, now, gpc=gpc, invalidated=invalidated)
    return _told(state, reason, ENDED.get(reason, state.status))


def _of_grant(purpose: Purpose, state: ConsentState, now: datetime, *, gpc: bool, invalidated: bool) -> Reason:
    # 9. Expired: judged now, so that no job can be late; the boundary instant is expired
    if state.valid_until is not None and now >= state.valid_until:
        return Reason.EXPIRED
    # 10. A new major version of the notice changed this purpose: the person said yes to something else
    if invalidated:
        return Reason.INVALIDATED
    # 11. A minor for whom nobody answers (Art. 8)
    if state.guardian_missing:
        return Reason.GUARDIAN_REQUIRED
    # 12. Global Privacy Control, unless it was on when the grant was made
    if gpc and purpose.honours_gpc and not state.gpc:
        return Reason.GPC
    return Reason.CONSENT_GIVEN


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
    """Where each purpose stands after a history, whatever the order in which it arrived (C11, C23).

    What a link brought stops counting when the link is undone, as if it had never been said. A grant that it brought
    yields to every no of the person's own, also to an older one that arrives late (I6).
    """
    by_purpose: dict[str, list[Said]] = {}
    refused: set[str] = set()
    for said in sorted(history, key=_order):
        adopted = said.link is not None and said.status is Status.GIVEN
        if said.until is not None or (adopted and said.purpose in refused):
            continue
        by_purpose.setdefault(said.purpose, []).append(said)
        if said.link is None and said.status is not Status.GIVEN:
            refused.add(said.purpose)
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
        guardian_missing=last.guardian_missing,
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
    status: Status, method: Method, collected_at: datetime | None, recorded_at: datetime, *, served_at: datetime | None
) -> datetime | None:
    """When a decision takes effect; None for one that a server dates in the future, which is refused.

    `served_at`: when we served the notice that a browser decided on. Its clock is believed no further back than that,
    before which nobody can have decided. What protects takes effect when recorded, unless it was said elsewhere.
    """
    if collected_at is None:
        return recorded_at
    if served_at is None and collected_at > recorded_at + CLOCK_SKEW:
        return None
    if status is not Status.GIVEN and method not in COLLECTED_ELSEWHERE:
        return recorded_at
    return min(max(collected_at, served_at or collected_at), recorded_at)


def expires(purpose: Purpose, status: Status, effective_at: datetime) -> datetime | None:
    """Until when a grant is valid; None for what never expires."""
    if status is not Status.GIVEN or purpose.valid_days is None:
        return None
    return effective_at + timedelta(days=purpose.valid_days)


def standing_at(past: Past, at: datetime, known_at: datetime | None) -> Standing:
    """Where a subject stood `at` a time: by what is known today, or by no more than was known at `known_at` (C24).

    What protects is known from when it takes effect, so that one instant judges it; so is a link, and what it brought
    counts while it lasts.
    """
    by = at if known_at is None else min(at, known_at)
    said = [
        replace(s, until=None)
        for s in past.said
        if s.effective_at <= at and (known_at is None or s.recorded_at <= known_at) and _linked(s, s.recorded_at, by)
    ]
    objections: dict[str, Objection] = {}
    for objection in past.objections:
        if objection.effective_at <= by and _linked(objection, objection.effective_at, by):
            before = objections.get(objection.purpose)
            always = objection.direct_marketing or (before is not None and before.direct_marketing)
            objections[objection.purpose] = replace(objection, direct_marketing=always)
    restricted: Restriction | None = None
    for restriction in past.restrictions:
        if restriction.effective_at <= by and _linked(restriction, restriction.effective_at, by):
            restricted = None if restriction.lifted else restriction
    return Standing(
        subject_id=past.subject_id,
        revision=past.revision,
        states=fold(said),
        objections=tuple(objections.values()),
        restriction=restricted.entry_id if restricted else None,
    )


def _linked(event: Said | Objection | Restriction, since: datetime, by: datetime) -> bool:
    """Whether an event is the subject's own, or the link that brought it lasts: it began, and was not undone yet."""
    return event.link is None or (since <= by and (event.until is None or by < event.until))


def ask_again_at(
    state: ConsentState | None, now: datetime, *, changed: bool, objection: Objection | None = None
) -> datetime | None:
    """Before when nobody should be asked; None where asking is all right now, or a grant never ends (C14).

    `changed`: what the person decided on is no longer what the notice says, so that there is a new question.
    `objection`: one that stands, a no as good as a refusal (Art. 21(3)); it answers no notice, so that none ends it.
    """
    decided = None if changed else state
    refusal = decided if decided is not None and decided.status is not Status.GIVEN else None
    said_no = [no.effective_at for no in (refusal, objection) if no is not None]
    again = max(said_no) + ASK_AGAIN_AFTER if said_no else decided and decided.valid_until
    return again if again is not None and now < again else None


def stands(
    state: ConsentState | None, now: datetime, *, changed: bool, objection: Objection | None = None
) -> StatusOfPurpose:
    """What a person is told of one purpose: where it stands, since when, and when to ask again."""
    again = ask_again_at(state, now, changed=changed, objection=objection)
    if state is None:
        return StatusOfPurpose(ask_again_at=again)
    ended = state.valid_until if state.valid_until is not None and now >= state.valid_until else None
    replaced = Status.INVALIDATED if changed and state.status is Status.GIVEN else None
    return StatusOfPurpose(
        status=Status.EXPIRED if ended else replaced or state.status,
        since=ended or state.effective_at,
        notice=NoticeVersion(id=state.notice_id, version=state.notice_version),
        ask_again_at=again,
    )


def through_link(told: StatusOfPurpose) -> StatusOfPurpose:
    """What a linked browser is told: what holds, as its page needs it, and not when and on which text it was said."""
    return replace(told, since=None, notice=None)
