"""Decisions over HTTP. Here alone an identifier is seen: it becomes a lookup before anything is decided."""

from typing import Annotated, Any

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from service.decisioning.commands import DecisionDesk
from service.decisioning.model import DecisionsMade, ShortText, Situation
from service.kernel.auth import AdmittedRequest, may
from service.kernel.problem import Forbidden
from service.subjects.commands import Subjects
from service.subjects.model import CookieHeader, Identifier


class DecisionQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """A question: what may be shown to this visitor, here, now."""

    site: ShortText
    placements: Annotated[list[ShortText], Meta(min_length=1, max_length=20)]
    subject: Identifier | None = None
    context: Annotated[dict[ShortText, Any], Meta(max_length=50)] = {}
    language: ShortText | None = None
    gpc: bool = False
    explain: bool = False


class DecisionCounter(Struct, frozen=True):
    """Where a question comes in: identifiers end at the one, decisions begin at the other."""

    subjects: Subjects
    desk: DecisionDesk


@post("/decisions", operation_id="Decide", guards=[may("decisions")], status_code=200)
async def decide(
    data: JSONBody[DecisionQuestion],
    decision_counter: NamedDependency[DecisionCounter],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
) -> DecisionsMade:
    """Fill placements: profiled where consent allows it, else by context, else with the placement's own fallback."""
    if request.user.principal.site is not None and request.user.principal.site != data.site:
        raise Forbidden("A publishable key works for its own site only.")
    lookup = decision_counter.subjects.named_by(request.user.principal, data.subject, cookie)
    situation = Situation(
        site=data.site,
        placements=data.placements,
        context=data.context,
        language=data.language,
        gpc=request.user.heard(data).gpc,
        explain=data.explain,
    )
    return await decision_counter.desk.decide(situation, lookup.hash if lookup else None, request.user.moment)


router = Router(path="/v1", route_handlers=[decide], tags=["Decisions"])
