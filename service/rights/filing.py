"""What a request has to say, by the right that is exercised, and what is kept of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from service.kernel.auth import Principal
from service.kernel.problem import Fault, Forbidden
from service.policy.model import Bundle, Purpose
from service.rights.deadline import due_at
from service.rights.model import Filing, FilingRefused, Right, RightsRequest, Sealed, State, Verification
from service.rights.sealing import Sealing
from service.subjects.commands import COOKIE
from service.subjects.model import Identifier, Lookup

BELONGS: Mapping[str, frozenset[Right]] = {
    "purposes": frozenset({Right.OBJECTION}),
    "replacement": frozenset({Right.RECTIFICATION}),
    "grounds": frozenset({Right.OBJECTION, Right.RESTRICTION}),
}
"""Which rights a field is for."""
NEEDED: Mapping[Right, tuple[str, str]] = {
    Right.OBJECTION: ("purposes", "say which purposes are objected to (Art. 21)"),
    Right.RECTIFICATION: (
        "replacement",
        "say what is right: {kind, value} of the identifier as it should be (Art. 16)",
    ),
    Right.RESTRICTION: ("grounds", "say on which of the grounds of Art. 18(1), in the person's own words"),
}
REMEMBERED = frozenset({Right.OBJECTION, Right.RESTRICTION})
"""The rights that protect also somebody who is not known yet."""


def whole(filing: Filing) -> None:
    """Raises `FilingRefused` for a filing that lacks what its right needs, or says what belongs to another right."""
    if faults := list(_faults(filing)):
        raise FilingRefused("Nothing was filed.", faults=faults)


def _faults(filing: Filing) -> Iterator[Fault]:
    if filing.right in NEEDED:
        field, remedy = NEEDED[filing.right]
        if getattr(filing, field) is None:
            yield Fault(f"$.{field}", f"is missing; {remedy}")
    for field, rights in BELONGS.items():
        if getattr(filing, field) is not None and filing.right not in rights:
            wanted = " or ".join(sorted(right.value for right in rights))
            yield Fault(f"$.{field}", f"belongs to a request of {wanted}; leave it out")


def replaceable(named: Sequence[Lookup], replacement: Lookup) -> None:
    """Raises `FilingRefused` where it is not clear which identifier is wrong, or it cannot be put right."""
    wrong = {lookup.hash for lookup in named if lookup.kind == replacement.kind}
    fault: Fault | None = None
    if replacement.anonymous:
        fault = Fault("$.replacement.kind", "is one that we issue ourselves, so that none is wrong; name another kind")
    elif len(wrong) != 1:
        fault = Fault("$.identifiers", "must name exactly one identifier of the replacement's kind: the wrong one")
    elif replacement.hash in wrong:
        fault = Fault("$.replacement.value", "is the identifier that it replaces; say the right one")
    if fault:
        raise FilingRefused("Nothing was filed.", faults=[fault])


def vouched(filing: Filing, caller: Principal) -> Verification | None:
    """Who the person is, if that is known on filing: the site said so, or its cookie was presented."""
    if filing.verified and caller.kind != "server":
        raise Forbidden("Only a secret key may say that the person is `verified`; leave it out.")
    return Verification(method=COOKIE) if caller.kind == "browser" else filing.verified


def at_once(purposes: Sequence[Purpose]) -> list[Purpose]:
    """The purposes of direct marketing, to which an objection takes effect as it is said (Art. 21(3))."""
    return [purpose for purpose in purposes if purpose.direct_marketing]


def state_of(named: Sequence[Lookup], bundle: Bundle, *, verified: bool) -> State:
    """Where a new request stands: open, or waiting for a code, or for an officer where no code can be sent."""
    if verified:
        return State.OPEN
    return State.VERIFYING if any(reachable(lookup, bundle) for lookup in named) else State.RECEIVED


def reachable(lookup: Lookup, bundle: Bundle) -> bool:
    """Whether something can be sent to this identifier."""
    kind = bundle.identifier_kinds.get(lookup.kind)
    return kind is not None and kind.normaliser == "email"


def filed(
    request_id: UUID,
    filing: Filing,
    named: Sequence[Lookup],
    caller: Principal,
    bundle: Bundle,
    at: datetime,
    state: State,
) -> RightsRequest:
    """The request as it is stored. Whether anyone is known is not even looked up, so that all are alike (R4)."""
    verified = vouched(filing, caller) is not None
    lookups = sorted({lookup.hash for lookup in named})
    return RightsRequest(
        request_id=request_id,
        right=filing.right,
        state=state,
        language=filing.language,
        lookups=lookups if verified else (),
        unverified=() if verified else lookups,
        purposes=list(dict.fromkeys(filing.purposes or ())),
        filed_by=caller.principal_id,
        received_at=at,
        due_at=due_at(at, bundle.retention.holidays),
        verified_by=caller.principal_id if verified else None,
        verified_at=at if verified else None,
        completed_at=None,
        certificate=None,
        approved_by=(),
    )


def sealed(
    sealing: Sealing, request_id: UUID, filing: Filing, named: Sequence[Lookup], caller: Principal, bundle: Bundle
) -> Sealed:
    """What of it is sealed. The outcome is told to the first e-mail address that it names."""
    vouching = vouched(filing, caller)
    address = next((lookup.normalised for lookup in named if reachable(lookup, bundle)), "")
    remembered = (
        [Identifier(kind=one.kind, value=one.normalised) for one in named] if filing.right in REMEMBERED else []
    )
    plain = {
        "details": (filing.details or "").encode(),
        "verification": msgspec.json.encode(vouching) if vouching else b"",
        "replacement": msgspec.json.encode(filing.replacement) if filing.replacement else b"",
        "grounds": (filing.grounds or "").encode(),
        "address": address.encode(),
        "identifiers": msgspec.json.encode(remembered) if remembered else b"",
    }
    return Sealed(**{column: sealing.seal(column, request_id, value) for column, value in plain.items()})
