"""Linking over HTTP."""

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.consent.linking.commands import LinkDesk
from service.consent.linking.model import Linked, Linking, Unlinked, Unlinking
from service.kernel.auth import AdmittedRequest, may
from service.kernel.idempotency import IdempotencyHeader


@post("/subjects/link", operation_id="LinkSubjects", guards=[may("consent:write")], status_code=200)
async def link(
    data: JSONBody[Linking],
    link_desk: NamedDependency[LinkDesk],
    request: AdmittedRequest,
    idempotency_key: IdempotencyHeader = None,
) -> Linked:
    """Let a browser speak for the known subject who has signed in on it; what both had said is merged, and no wins."""
    return await link_desk.link(data, request.user.principal, idempotency_key, request.user.moment)


@post("/subjects/unlink", operation_id="UnlinkSubject", guards=[may("consent:write")], status_code=200)
async def unlink(
    data: JSONBody[Unlinking],
    link_desk: NamedDependency[LinkDesk],
    request: AdmittedRequest,
    idempotency_key: IdempotencyHeader = None,
) -> Unlinked:
    """End a link: what it brought the known subject counts no longer, what they said since does."""
    return await link_desk.unlink(data, request.user.principal, idempotency_key, request.user.moment)


router = Router(path="/v1", route_handlers=[link, unlink], tags=["Subjects"])
