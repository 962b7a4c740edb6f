"""Rights over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import ValidationError, convert

from service.kernel.auth import AdmittedRequest, freshly, may
from service.kernel.body import Instant, within_reach
from service.kernel.idempotency import IdempotencyHeader
from service.kernel.problem import Fault, InvalidBody
from service.rights.commands import RightsDesk
from service.rights.ending import EndingDesk
from service.rights.model import (
    Certified,
    Ending,
    Extending,
    Filing,
    Lifting,
    Progress,
    Refused,
    Refusing,
    RequestOpened,
    RequestsShown,
    Right,
    State,
)
from service.rights.showing import RightsRegister
from service.rights.store import Wanted
from service.subjects.model import CookieHeader

MOST = 200
ZIP = "application/zip"
STATES = [state.value for state in State]
RIGHTS = [right.value for right in Right]
TIME = "must be a time with its offset, such as 2026-03-01T00:00:00Z"


@post("/rights/requests", operation_id="FileRightsRequest", guards=[may("rights:write")], status_code=202)
async def file(
    data: JSONBody[Filing],
    rights_desk: NamedDependency[RightsDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
    idempotency_key: IdempotencyHeader = None,
) -> Progress:
    """Exercise a right. The answer is the same whether or not anyone is found (Art. 12, 32)."""
    return await rights_desk.file(data, request.user.principal, cookie, idempotency_key, request.user.moment)


@get("/rights/requests", operation_id="ListRightsRequests", guards=[may("rights:decide")])
async def list_requests(
    rights_register: NamedDependency[RightsRegister],
    request: AdmittedRequest,
    in_state: Annotated[str | None, QueryParameter(name="state", enum=STATES)] = None,
    right: Annotated[str | None, QueryParameter(enum=RIGHTS)] = None,
    due_before: Annotated[str | None, QueryParameter(format="date-time")] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = 50,
) -> RequestsShown:
    """Requests, the most urgent first: what is overdue, what is unfinished, what has ended."""
    wanted = Wanted(
        state=_read("state", in_state, State, f"must be one of {', '.join(STATES)}"),
        right=_read("right", right, Right, f"must be one of {', '.join(RIGHTS)}"),
        due_before=_read("due_before", due_before, Instant, TIME),
    )
    return await rights_register.requests(wanted, after, limit, request.user.moment.now)


@get("/rights/requests/{request_id:uuid}", operation_id="ShowRightsRequest", guards=[may("rights:decide")])
async def show_request(
    request_id: FromPath[UUID], rights_register: NamedDependency[RightsRegister], request: AdmittedRequest
) -> RequestOpened:
    """One request with what was written, for who decides on it; that it was opened is an entry of the ledger."""
    return await rights_register.request(request_id, request.user.principal, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/approve",
    operation_id="ApproveRightsRequest",
    guards=[may("rights:decide"), freshly],
    status_code=200,
)
async def approve(
    request_id: FromPath[UUID],
    rights_desk: NamedDependency[RightsDesk],
    request: AdmittedRequest,
) -> Progress:
    """Approve a request that somebody else filed; the last approval that it needs serves it."""
    return await rights_desk.approve(request_id, request.user.principal, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/extend",
    operation_id="ExtendRightsRequest",
    guards=[may("rights:decide")],
    status_code=200,
)
async def extend(
    request_id: FromPath[UUID],
    data: JSONBody[Extending],
    ending_desk: NamedDependency[EndingDesk],
    request: AdmittedRequest,
) -> Progress:
    """Take two more months, once, inside the first, and say why (Art. 12(3))."""
    return await ending_desk.extend(request_id, data, request.user.principal, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/refuse",
    operation_id="RefuseRightsRequest",
    guards=[may("rights:decide")],
    status_code=200,
)
async def refuse(
    request_id: FromPath[UUID],
    data: JSONBody[Refusing],
    ending_desk: NamedDependency[EndingDesk],
    request: AdmittedRequest,
) -> Refused:
    """Refuse for a reason of the closed list; the person is told it, and how to complain (Art. 12(4))."""
    return await ending_desk.refuse(request_id, data, request.user.principal, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/cancel",
    operation_id="CancelRightsRequest",
    guards=[may("rights:write")],
    status_code=200,
)
async def cancel(
    request_id: FromPath[UUID],
    ending_desk: NamedDependency[EndingDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
) -> Progress:
    """Take back a request of one's own before it runs; nothing that was written stays."""
    return await ending_desk.cancel(request_id, request.user.principal, cookie, request.user.moment)


@post(
    "/rights/requests/{request_id:uuid}/lift",
    operation_id="LiftRestrictionOfRequest",
    guards=[may("rights:decide")],
    status_code=200,
)
async def lift(
    request_id: FromPath[UUID],
    data: JSONBody[Lifting],
    ending_desk: NamedDependency[EndingDesk],
    request: AdmittedRequest,
) -> Ending:
    """Tell the person that their restriction ends; a week later, or once they were `told`, end it (Art. 18(3))."""
    return await ending_desk.lift(request_id, data, request.user.principal, request.user.moment)


@get(
    "/rights/requests/{request_id:uuid}/package",
    operation_id="FetchPackage",
    guards=[may("rights:decide")],
    media_type=ZIP,
    responses={200: ResponseSpec(bytes, generate_examples=False, description="The package", media_type=ZIP)},
)
async def fetch_package(
    request_id: FromPath[UUID], rights_desk: NamedDependency[RightsDesk], request: AdmittedRequest
) -> Stream:
    """What is held of the person, as a zip file (Art. 15, 20). Once it was fetched whole, the request is completed."""
    return delivered(request_id, await rights_desk.package(request_id, request.user.principal, request.user.moment))


@get("/rights/requests/{request_id:uuid}/certificate", operation_id="FetchCertificate", guards=[may("rights:decide")])
async def fetch_certificate(request_id: FromPath[UUID], rights_desk: NamedDependency[RightsDesk]) -> Certified:
    """The signed proof of an erasure (Art. 5(2))."""
    return await rights_desk.certificate(request_id)


def delivered(request_id: UUID, package: AsyncGenerator[bytes, None]) -> Stream:
    """A package as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="package-{request_id}.zip"'}
    return Stream(package, media_type=ZIP, headers=headers)


def _read(name: str, text: str | None, kind: Any, wanted: str) -> Any:
    """A value of the query as its type; the framework would take times without an offset, and misname `state`."""
    if text is None:
        return None
    with suppress(ValidationError):
        value = convert(text, type=kind)
        if not isinstance(value, datetime) or within_reach(value):
            return value
    raise InvalidBody("The list cannot be made.", faults=[Fault(f"query.{name}", wanted)])


router = Router(
    path="/v1",
    route_handlers=[
        file,
        list_requests,
        show_request,
        approve,
        extend,
        refuse,
        cancel,
        lift,
        fetch_package,
        fetch_certificate,
    ],
    tags=["Rights"],
)
