"""Interactions over HTTP."""

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.decisioning.interactions.commands import InteractionDesk
from service.decisioning.interactions.model import InteractionOutcomes, Interactions
from service.kernel.auth import AdmittedRequest, may
from service.kernel.idempotency import IdempotencyHeader


@post("/interactions", operation_id="ReportInteractions", guards=[may("decisions")], status_code=200)
async def report_interactions(
    data: JSONBody[Interactions],
    interaction_desk: NamedDependency[InteractionDesk],
    request: AdmittedRequest,
    idempotency_key: IdempotencyHeader = None,
) -> InteractionOutcomes:
    """Keep what became of decisions, each named by its token; without consent it is dropped, and the answer says so."""
    return await interaction_desk.report(data, request.user, idempotency_key)


router = Router(path="/v1", route_handlers=[report_interactions], tags=["Decisions"])
