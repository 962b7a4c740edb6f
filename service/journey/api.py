"""The journey over HTTP."""

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.journey.commands import JourneyDesk
from service.journey.model import Outcomes, Position, PositionQuestion, Touchpoints
from service.kernel.auth import AdmittedRequest, may
from service.kernel.idempotency import IdempotencyHeader
from service.subjects.model import CookieHeader


@post("/touchpoints", operation_id="AddTouchpoints", guards=[may("journey:write")], status_code=200)
async def add_touchpoints(
    data: JSONBody[Touchpoints],
    journey_desk: NamedDependency[JourneyDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
    idempotency_key: IdempotencyHeader = None,
) -> Outcomes:
    """Keep contacts of people who allow it; the others are dropped, and the answer says so."""
    return await journey_desk.add(data, request.user, cookie, idempotency_key)


@post("/journeys/position", operation_id="FindPosition", guards=[may("journey:read")], status_code=200)
async def find_position(
    data: JSONBody[PositionQuestion],
    journey_desk: NamedDependency[JourneyDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
) -> Position:
    """Where someone is in a journey, by decayed evidence; 403 without consent for the journey's purpose."""
    return await journey_desk.position(data, request.user, cookie)


router = Router(path="/v1", route_handlers=[add_touchpoints, find_position], tags=["Journey"])
