"""The verdicts on several purposes at once: by where somebody stands, or by where they stood at another time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from service.consent import rules
from service.consent.model import ConsentState, Permission, Question, Reason, Standing
from service.consent.past import Trail
from service.policy.model import Bundle


def permissions(
    bundle: Bundle, purposes: Sequence[str], standing: Standing | None, now: datetime, *, gpc: bool
) -> dict[str, Permission]:
    """The verdict on each purpose; nobody known stands nowhere."""
    states: Mapping[str, ConsentState] = standing.states if standing else {}
    verdicts: dict[str, Permission] = {}
    for name in purposes:
        purpose, state = bundle.purposes[name], states.get(name)
        verdicts[name] = (standing and rules.protected(purpose, standing)) or rules.permission(
            purpose, state, now, gpc=gpc, invalidated=changed(bundle, state)
        )
    return verdicts


def changed(bundle: Bundle, state: ConsentState | None) -> bool:
    """Whether what somebody decided on is no longer what the notice says (C6)."""
    return state is not None and bundle.invalidated(state.notice_id, state.notice_version, state.purpose)


def other_time(question: Question) -> datetime | None:
    """The time that a question asks about, None for now; `known_at` alone asks about that time."""
    return question.at or question.known_at


def judged_then(bundle: Bundle, question: Question, trail: Trail | None, at: datetime) -> dict[str, Permission]:
    """The verdicts on what was true `at` a time, by the bundle in force then and by what was known at one (C10, C24).

    Nothing was pursued for a purpose that the bundle did not have.
    """
    past = trail.at(min(at, question.known_at or at)) if trail else None
    standing = rules.standing_at(past, at, question.known_at) if past else None
    purposes = [purpose for purpose in question.purposes if purpose in bundle.purposes]
    unknown = dict.fromkeys(question.purposes, Permission(allowed=False, reason=Reason.UNKNOWN))
    return unknown | permissions(bundle, purposes, standing, at, gpc=question.gpc)
