"""The map over HTTP."""

from typing import Annotated

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter

from service.journey.map.drawing import drawn
from service.journey.map.page import LANGUAGES, Page
from service.journey.report.api import question_of, while_waited_for
from service.journey.report.commands import ReportDesk
from service.kernel.auth import AdmittedRequest, may
from service.kernel.headers import first as first_of

SVG = "image/svg+xml"


@get(
    "/journeys/{journey_id:str}/map.svg",
    operation_id="DrawJourney",
    guards=[may("reports:read")],
    media_type=SVG,
    responses={200: ResponseSpec(str, generate_examples=False, description="The map", media_type=SVG)},
)
async def draw(
    journey_id: FromPath[str],
    report_desk: NamedDependency[ReportDesk],
    request: AdmittedRequest,
    first: Annotated[str | None, QueryParameter(name="from", format="date")] = None,
    last: Annotated[str | None, QueryParameter(name="to", format="date")] = None,
    channel: FromQuery[str | None] = None,
    persona: FromQuery[str | None] = None,
    language: FromQuery[str | None] = None,
) -> Response[str]:
    """The report of a journey as a picture, in Italian or English: nothing that the report withholds is drawn (D10)."""
    question = question_of(first, last, channel, persona)
    bundle, report = await while_waited_for(request, report_desk.told(journey_id, question, request.user.moment))
    page = Page(report=report, bundle=bundle, language=chosen(language, first_of(request.scope, b"accept-language")))
    return Response(drawn(page), media_type=SVG, headers={"Vary": "Accept-Language"})


def chosen(asked: str | None, accepted: str | None) -> str:
    """The language of the map: the one asked for, else the first of those accepted (RFC 9110), else Italian."""
    if asked in LANGUAGES:
        return asked
    wishes = [wish.partition(";") for wish in (accepted or "").split(",")]
    liked = sorted(wishes, key=lambda wish: wish[2].strip() or "q=1", reverse=True)
    names = [name.strip().lower().partition("-")[0] for name, _, quality in liked if quality.strip() != "q=0"]
    return next((name for name in names if name in LANGUAGES), LANGUAGES[0])


router = Router(path="/v1", route_handlers=[draw], tags=["Journey"])
