"""Decisions over HTTP. Here alone an identifier is seen: it becomes a lookup before anything is decided."""

from typing import Annotated, Any

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from service.decisioning.commands import DecisionDesk
from service.decisioning.model import DecisionRefused, DecisionsMade, ShortText, Situation
from service.kernel.auth import Principal, may
from service.kernel.clock import Moment
from service.kernel.problem import Fault, Forbidden
from service.subjects.commands import Subjects
from service.subjects.model import Identifier


class DecisionQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """A question: what may be shown to this visitor, here, now."""

    site: ShortText
    placements: Annotated[list[ShortText], Meta(min_length=1, max_length=20)]
    subject: Identifier | None = None
    context: Annotated[dict[ShortText, Any], Meta(max_length=50)] = {}
    language: ShortText | None = None
    gpc: bool = False
    explain: bool = False


@post("/decisions", operation_id="Decide", guards=[may("decisions")], status_code=200)
async def decide(
    data: JSONBody[DecisionQuestion],
    decision_desk: NamedDependency[DecisionDesk],
    subjects: NamedDependency[Subjects],
    principal: NamedDependency[Principal],
    moment: NamedDependency[Moment],
    cookie: NamedDependency[str | None],
) -> DecisionsMade:
    """Fill placements: profiled where consent allows it, else by context, else with the placement's own fallback."""
    if data.explain:
        raise DecisionRefused("", faults=[Fault("$.explain", "explanations are not available yet; leave it out")])
    if principal.site is not None and principal.site != data.site:
        raise Forbidden("A publishable key works for its own site only.")
    lookup = subjects.named_by(principal, data.subject, cookie)
    situation = Situation(
        site=data.site, placements=data.placements, context=data.context, language=data.language, gpc=data.gpc
    )
    return await decision_desk.decide(situation, lookup.hash if lookup else None, moment)


router = Router(path="/v1", route_handlers=[decide], tags=["Decisions"])
