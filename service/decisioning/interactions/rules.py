"""The verdicts on interactions: whether one may be kept, and what it teaches."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from service.consent.model import Permission, Reason, Standing
from service.consent.rules import counts_since
from service.consent.verdicts import permissions
from service.decisioning import caps
from service.decisioning.caps import Key
from service.decisioning.interactions.model import Event, Kept, Past
from service.decisioning.learning.arms import LEARNING
from service.decisioning.tokens import TokenClaims
from service.policy.model import Bundle


class Allowed(Struct, frozen=True):
    """What somebody allows now: the verdict on each purpose, and since when what is kept for an allowed one counts."""

    verdicts: Mapping[str, Permission]
    grants: Mapping[str, datetime | None]


NOBODY = Allowed({}, {})


def allowed(bundle: Bundle, standing: Standing | None, now: datetime, *, gpc: bool) -> Allowed:
    """What somebody allows; nobody known allows nothing that needs to be asked."""
    if standing is None:
        return NOBODY
    verdicts = permissions(bundle, list(bundle.purposes), standing, now, gpc=gpc)
    held = [purpose for purpose, verdict in verdicts.items() if verdict.allowed]
    return Allowed(verdicts, {purpose: counts_since(bundle.purposes[purpose], standing) for purpose in held})


def refused(claims: TokenClaims, allows: Allowed) -> Reason | None:
    """Why an interaction may not be kept: a purpose that its decision used does not carry it. None where all do."""
    reasons = (_denied(purpose, claims.decided_at, allows) for purpose in claims.purposes)
    return next((reason for reason in reasons if reason), None)


def learns(claims: TokenClaims, allows: Allowed) -> bool:
    """Whether an offer may be learnt from this person: they allowed it when it was decided, and do still (D12)."""
    return claims.learnable and _denied(LEARNING, claims.decided_at, allows) is None


def _denied(purpose: str, decided_at: datetime, allows: Allowed) -> Reason | None:
    """Why a purpose does not carry what became of a decision; None where it does.

    It has to be allowed now, by the very consent that the decision was made on: what an earlier one allowed has ended
    with it, and no later yes brings it back (C22).
    """
    if purpose not in allows.verdicts:
        return Reason.UNKNOWN
    if purpose not in allows.grants:
        return allows.verdicts[purpose].reason
    since = allows.grants[purpose]
    return Reason.WITHDRAWN if since and decided_at < since else None


def counters(bundle: Bundle, kept: Kept, now: datetime) -> Iterator[tuple[Key, frozenset[str]]]:
    """The counters of caps that an interaction counts in, when it happened, each with the purposes that it rests on."""
    offer = bundle.offers.get(kept.offer)
    found = caps.concerning(bundle, kept.placement, offer) if offer else ()
    began = caps.windows(bundle.contact, kept.occurred_at or now)
    for counted in found:
        if counted.cap.event == kept.event:
            key = Key(caps.owner(counted.cap, kept.subject_id), counted.name, began[counted.cap.window])
            yield key, frozenset() if counted.cap.scope == "global" else frozenset(kept.purposes)


def after(past: Past, event: Event, success: str | None, *, learns: bool) -> Past:
    """What has become of a decision once this event is added.

    Each decision counts as shown once and succeeds once. Who succeeded without an impression was shown it all the same.
    """
    succeeded = past.succeeded or (learns and event == success)
    shown = past.shown or succeeded or (learns and event == "impression")
    return Past(events={*past.events, event}, shown=shown, succeeded=succeeded)
