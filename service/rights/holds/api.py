"""Holds over HTTP."""

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.kernel.auth import AdmittedRequest, freshly, may
from service.rights.holds.commands import HoldDesk
from service.rights.holds.model import Holding, Holds


@get("/rights/requests/{request_id:uuid}/holds", operation_id="ListHolds", guards=[may("rights:decide")])
async def list_holds(
    request_id: FromPath[UUID], hold_desk: NamedDependency[HoldDesk], request: AdmittedRequest
) -> Holds:
    """What is kept although its erasure was asked for, until when and why; that it was read is in the ledger."""
    return await hold_desk.show(request_id, request.user.principal, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/hold",
    operation_id="HoldData",
    guards=[may("rights:decide"), freshly],
    status_code=200,
)
async def hold(
    request_id: FromPath[UUID],
    data: JSONBody[Holding],
    hold_desk: NamedDependency[HoldDesk],
    request: AdmittedRequest,
) -> Holds:
    """Keep some data of the person until a time, and nothing but keep it; the rest is erased (Art. 17(3), 18)."""
    return await hold_desk.hold(request_id, data, request.user.principal, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/release",
    operation_id="ReleaseData",
    guards=[may("rights:decide"), freshly],
    status_code=200,
)
async def release(request_id: FromPath[UUID], hold_desk: NamedDependency[HoldDesk], request: AdmittedRequest) -> Holds:
    """End every hold of a request before its time: what was to be erased is erased."""
    return await hold_desk.release(request_id, request.user.principal, request.user.moment)


router = Router(path="/v1", route_handlers=[list_holds, hold, release], tags=["Rights"])
