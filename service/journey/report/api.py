"""The report over HTTP."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, date
from typing import Annotated, Any, TypeVar

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import ValidationError, convert

from service.journey.report.commands import ReportDesk
from service.journey.report.model import Report, ReportQuestion
from service.kernel.auth import AdmittedRequest, may
from service.kernel.body import Instant, within_reach
from service.kernel.problem import Fault, InvalidBody

T = TypeVar("T")


@get("/journeys/{journey_id:str}/report", operation_id="ReportJourney", guards=[may("reports:read")])
async def report(
    journey_id: FromPath[str],
    report_desk: NamedDependency[ReportDesk],
    request: AdmittedRequest,
    first: Annotated[str | None, QueryParameter(name="from", format="date")] = None,
    last: Annotated[str | None, QueryParameter(name="to", format="date")] = None,
    channel: FromQuery[str | None] = None,
    persona: FromQuery[str | None] = None,
) -> Report:
    """How people walk through a journey, told of no group smaller than the journey's smallest group (D10)."""
    question = question_of(first, last, channel, persona)
    return await while_waited_for(request, report_desk.report(journey_id, question, request.user.moment))


def question_of(first: str | None, last: str | None, channel: str | None, persona: str | None) -> ReportQuestion:
    """What a query asks for; a time is taken as its day in UTC."""
    return ReportQuestion(first=_day("from", first), last=_day("to", last), channel=channel, persona=persona)


def _day(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    with suppress(ValidationError):
        if len(text) == len("2026-03-01"):
            return convert(text, type=date)
        if within_reach(instant := convert(text, type=Instant)):
            return instant.astimezone(UTC).date()
    raise InvalidBody("The report cannot be made.", faults=[Fault(f"query.{name}", "must be a day such as 2026-03-01")])


async def while_waited_for(request: AdmittedRequest, work: Coroutine[Any, Any, T]) -> T:
    """What long work comes to; it ends, and its statements with it, when the caller goes away."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise asyncio.CancelledError
        return await task
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: AdmittedRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


router = Router(path="/v1", route_handlers=[report], tags=["Journey"])
