"""Objection and restriction over HTTP."""

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.consent.protection.commands import ProtectionDesk
from service.consent.protection.model import Lifted, Objected, Objecting, Restricted, Restricting, Telling
from service.kernel.auth import AdmittedRequest, may
from service.kernel.idempotency import IdempotencyHeader
from service.subjects.model import CookieHeader


@post("/objections", operation_id="Object", guards=[may("consent:write")])
async def object_to(
    data: JSONBody[Objecting],
    protection_desk: NamedDependency[ProtectionDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
    idempotency_key: IdempotencyHeader = None,
) -> Objected:
    """Object to purposes. Direct marketing ends at once, without reason or approval (Art. 21(2)-(3))."""
    return await protection_desk.object_to(data, request.user.principal, cookie, idempotency_key, request.user.moment)


@post("/restrictions", operation_id="Restrict", guards=[may("rights:decide")])
async def restrict(
    data: JSONBody[Restricting], protection_desk: NamedDependency[ProtectionDesk], request: AdmittedRequest
) -> Restricted:
    """Stop every use of a person's data but its storage (Art. 18)."""
    return await protection_desk.restrict(data, request.user.moment)


@post("/restrictions/lift", operation_id="LiftRestriction", guards=[may("rights:decide")], status_code=200)
async def lift(
    data: JSONBody[Telling], protection_desk: NamedDependency[ProtectionDesk], request: AdmittedRequest
) -> Lifted:
    """End a restriction of which the person was told that it ends (Art. 18(3))."""
    return await protection_desk.lift(data, request.user.moment)


router = Router(path="/v1", route_handlers=[object_to, restrict, lift], tags=["Consent"])
