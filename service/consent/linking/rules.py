"""How what two subjects said is merged when they are linked, and parted again. A link raises no permission (I6)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from service.consent.linking.model import ADOPTED, WHY, MergedPurpose, Merger, Outcome
from service.consent.model import COLLECTED_ELSEWHERE, ConsentState, Objection, Reason, Said, Standing, Status
from service.consent.past import Past, Restriction
from service.consent.rules import given_since_objecting, permission, protected, standing_at
from service.consent.statement import Statement
from service.policy.model import Bundle
from service.subjects.model import Led

ALWAYS = datetime.max.replace(tzinfo=UTC)
"""Later than anything that was ever said, so that no clock hides it."""


def parts(statement: Statement, led: Led) -> list[tuple[UUID, Statement]]:
    """What a statement says, and for whom: all of it for the one subject behind a lookup that is not linked.

    Through a link a no counts for the known subject and for the browser's own, which outlives the link; a yes for the
    known one if a server says it now, else for the browser's alone: also one that was said elsewhere, before the link
    for all we know (I6, I10).
    """
    if led.subject_id == led.home:
        return [(led.home, statement)]
    statuses = statement.statuses
    if statuses is None:
        return [(led.subject_id, statement), (led.home, statement)]
    no = {purpose: status for purpose, status in statuses.items() if status is not Status.GIVEN}
    of_browser = statement.browser or statement.method in COLLECTED_ELSEWHERE
    known, own = (no, statuses) if of_browser else (statuses, no)
    both = ((led.subject_id, known), (led.home, own))
    return [(subject_id, replace(statement, statuses=part)) for subject_id, part in both if part]


def merge(bundle: Bundle, anonymous: Past, known: Past, now: datetime) -> Merger:
    """What the known subject gets of a browser's: every no, and a grant only where the bundle adopts it."""
    theirs, whole = standing_at(anonymous, ALWAYS, None), standing_at(known, ALWAYS, None)
    own = standing_at(without(known), ALWAYS, None)
    objections = [o for o in theirs.objections if _reaches(bundle, o, theirs, own, whole)]
    restricted = theirs.restriction is not None and own.restriction is None
    protection = replace(
        whole,
        objections=(*whole.objections, *(replace(o, effective_at=now) for o in objections)),
        restriction=whole.restriction or theirs.restriction,
    )
    purposes: dict[str, MergedPurpose] = {}
    for purpose in sorted({*theirs.states, *whole.states}):
        outcome = _outcome(bundle, purpose, theirs.states, whole.states, own.states)
        why = WHY[outcome]
        if outcome is Outcome.GRANT_ADOPTED and (obstacle := _obstacle(bundle, purpose, theirs, protection, now)):
            outcome = Outcome.GRANT_NOT_ADOPTED
            why = f"The browser's grant would not be allowed now ({obstacle.value}), so there is none to adopt."
        state = (theirs if outcome in ADOPTED else whole).states.get(purpose)
        purposes[purpose] = MergedPurpose(state.status if state else Status.UNKNOWN, outcome, why)
    states = [theirs.states[purpose] for purpose, merged in purposes.items() if merged.outcome in ADOPTED]
    return Merger(purposes=purposes, states=states, objections=objections, restricted=restricted)


def _outcome(
    bundle: Bundle,
    purpose: str,
    theirs: Mapping[str, ConsentState],
    whole: Mapping[str, ConsentState],
    own: Mapping[str, ConsentState],
) -> Outcome:
    """What becomes of a purpose, `theirs` being the browser's, `whole` the known subject's, `own` without any link.

    A no that the known subject has by another link only does not stand in for this one: that link may be undone.
    """
    if _is_no(own.get(purpose)):
        return Outcome.REFUSAL_KEPT
    if _is_no(theirs.get(purpose)):
        return Outcome.REFUSAL_ADOPTED
    if purpose in whole:
        return Outcome.REFUSAL_KEPT if _is_no(whole[purpose]) else Outcome.GRANT_KEPT
    return Outcome.GRANT_ADOPTED if bundle.adopt_anonymous_grants else Outcome.GRANT_NOT_ADOPTED


def _is_no(state: ConsentState | None) -> bool:
    return state is not None and state.status is not Status.GIVEN


def _obstacle(bundle: Bundle, purpose_id: str, theirs: Standing, protection: Standing, now: datetime) -> Reason | None:
    """Why a browser's grant would not be allowed now, for the browser or for the known subject; None if it would."""
    purpose = bundle.purposes.get(purpose_id)
    if purpose is None:
        return Reason.UNKNOWN
    state = theirs.states[purpose_id]
    changed = bundle.invalidated(state.notice_id, state.notice_version, purpose_id)
    verdict = (
        protected(purpose, theirs)
        or protected(purpose, protection)
        or permission(purpose, state, now, invalidated=changed)
    )
    return None if verdict.reason is Reason.CONSENT_GIVEN else verdict.reason


def _reaches(bundle: Bundle, objection: Objection, theirs: Standing, own: Standing, whole: Standing) -> bool:
    """Whether a browser's objection becomes the known subject's: it stands, and they have none of their own that does.

    One to direct marketing covers other purposes too, whatever either has given since, so that it always does.
    """
    if objection.direct_marketing:
        return True
    return not _given_since(bundle, objection, theirs) and not any(
        mine.purpose == objection.purpose
        and not _given_since(bundle, mine, own)
        and not _given_since(bundle, mine, whole)
        for mine in own.objections
    )


def _given_since(bundle: Bundle, objection: Objection, standing: Standing) -> bool:
    purpose = bundle.purposes.get(objection.purpose)
    return purpose is not None and given_since_objecting(purpose, standing.states.get(objection.purpose), objection)


def taken_over(state: ConsentState, entry_id: UUID, link: UUID, at: datetime) -> Said:
    """What the browser said as the known subject's: a no from now on, a grant for no longer than it was given."""
    return Said(
        entry_id=entry_id,
        purpose=state.purpose,
        status=state.status,
        effective_at=state.effective_at if state.status is Status.GIVEN else at,
        recorded_at=at,
        valid_until=state.valid_until,
        notice_id=state.notice_id,
        notice_version=state.notice_version,
        gpc=state.gpc,
        guardian_missing=state.guardian_missing,
        link=link,
    )


def without(past: Past, link: UUID | None = None) -> Past:
    """A past without what a link brought, or what any did."""

    def stays(event: Said | Objection | Restriction) -> bool:
        return event.link is None if link is None else event.link != link

    return replace(
        past,
        said=list(filter(stays, past.said)),
        objections=list(filter(stays, past.objections)),
        restrictions=list(filter(stays, past.restrictions)),
    )


def brought(past: Past, link: UUID) -> set[str]:
    """The purposes on which a link brought a subject something."""
    return {said.purpose for said in past.said if said.link == link}
