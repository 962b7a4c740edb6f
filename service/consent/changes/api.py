"""The feed of changes over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from service.consent.changes.commands import ChangesDesk
from service.consent.changes.model import Changes
from service.kernel.auth import AdmittedRequest, may

LONGEST_WAIT_SECONDS = 30


@get("/consents/changes", operation_id="FollowChanges", guards=[may("consent:changes")])
async def follow(
    changes_desk: NamedDependency[ChangesDesk],
    request: AdmittedRequest,
    after: FromQuery[UUID | None] = None,
    wait: Annotated[int, QueryParameter(ge=0, le=LONGEST_WAIT_SECONDS)] = 0,
) -> Changes:
    """What has changed for a recipient since it last asked, by its own pseudonyms; waits for it if told to."""
    return await changes_desk.follow(request.user.principal, after, wait, request.user.moment)


router = Router(path="/v1", route_handlers=[follow], tags=["Consent"])
