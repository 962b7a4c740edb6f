"""Explanations over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Router, get
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from service.decisioning.explanation.commands import ExplanationDesk, Reading
from service.decisioning.explanation.model import Detail, Explanation
from service.kernel.auth import AdmittedRequest, anyone, may
from service.kernel.clock import system_now

TOKEN = "token"  # noqa: S105 - the name of a parameter

_reader = may("decisions:read")


async def reader(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: the caller may read decisions, or brings the token of one, which the handler opens."""
    if TOKEN in connection.query_params:
        anyone(connection, handler)
    else:
        await _reader(connection, handler)


@get("/decisions/{decision_id:uuid}/explanation", operation_id="ExplainDecision", guards=[reader])
async def explain(
    decision_id: FromPath[UUID],
    explanation_desk: NamedDependency[ExplanationDesk],
    request: AdmittedRequest,
    language: FromQuery[str | None] = None,
    detail: Annotated[Detail, QueryParameter()] = "person",
    token: FromQuery[str | None] = None,
) -> Explanation:
    """Why this offer was shown, and what would have changed that (Art. 13(2)(f), 15(1)(h)).

    For an officer, a key with the scope `decisions:read`, or with `token` for whoever was shown it; `detail=full` has
    every clause of every candidate.
    """
    if token is not None:
        return await explanation_desk.explain_by_token(decision_id, token, Reading(language, detail, system_now()))
    moment = request.user.moment
    await explanation_desk.opened_by(decision_id, request.user.principal, moment)
    return await explanation_desk.explain(decision_id, Reading(language, detail, moment.now))


router = Router(path="/v1", route_handlers=[explain], tags=["Decisions"])
