"""The verdicts on interactions: whether one may be kept, and what it teaches."""

from collections.abc import Set
from datetime import datetime

from msgspec.structs import replace

from service.consent.model import Reason, Standing
from service.consent.rules import counts_since
from service.consent.verdicts import permissions
from service.decisioning.interactions.model import Event, Past
from service.decisioning.learning.arms import LEARNING
from service.decisioning.tokens import TokenClaims
from service.policy.model import Bundle


def refused(
    bundle: Bundle, claims: TokenClaims, standing: Standing | None, now: datetime, *, gpc: bool
) -> Reason | None:
    """Why an interaction may not be kept: a purpose that its decision used is not allowed now. None where it may."""
    reasons = (denied(bundle, purpose, claims.decided_at, standing, now, gpc=gpc) for purpose in claims.purposes)
    return next((reason for reason in reasons if reason), None)


def denied(
    bundle: Bundle, purpose: str, decided_at: datetime, standing: Standing | None, now: datetime, *, gpc: bool
) -> Reason | None:
    """Why a purpose does not carry what became of a decision; None where it does.

    It has to be allowed now, by the very consent that the decision was made on: what an earlier one allowed has ended
    with it, and no later yes brings it back (C22).
    """
    if standing is None or purpose not in bundle.purposes:
        return Reason.UNKNOWN
    verdict = permissions(bundle, [purpose], standing, now, gpc=gpc)[purpose]
    if not verdict.allowed:
        return verdict.reason
    since = counts_since(bundle.purposes[purpose], standing)
    return Reason.WITHDRAWN if since and decided_at < since else None


def learns(bundle: Bundle, claims: TokenClaims, standing: Standing | None, now: datetime, *, gpc: bool) -> bool:
    """Whether an offer may be learnt from this person: they allowed it when it was decided, and do still (D12)."""
    return claims.learnable and denied(bundle, LEARNING, claims.decided_at, standing, now, gpc=gpc) is None


def after(past: Past, event: Event, success: str | None, *, learns: bool) -> Past:
    """What has become of a decision once this event is added.

    Each decision counts as shown once and succeeds once. Who succeeded without an impression was shown it all the same.
    """
    succeeded = past.succeeded or (learns and event == success)
    shown = past.shown or succeeded or (learns and event == "impression")
    return replace(past, events=_with(past.events, event), shown=shown, succeeded=succeeded)


def _with(events: Set[str], event: str) -> Set[str]:
    return {*events, event}
