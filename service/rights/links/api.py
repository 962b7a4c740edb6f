"""The package over HTTP for the person themselves: no credential but the link."""

from typing import Annotated

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from service.kernel.auth import AdmittedRequest, anyone
from service.kernel.clock import Moment, system_now
from service.kernel.headers import first
from service.rights.access import Access
from service.rights.api import ZIP, delivered
from service.rights.links.commands import Links
from service.rights.links.page import POLICY, page

HTML = "text/html"


@get(
    "/rights/packages/{token:str}",
    operation_id="FetchOwnPackage",
    guards=[anyone],
    media_type=ZIP,
    responses={200: ResponseSpec(bytes, generate_examples=False, description="The package", media_type=ZIP)},
)
async def fetch_own_package(
    token: FromPath[str],
    links: NamedDependency[Links],
    access: NamedDependency[Access],
    request: AdmittedRequest,
    download: Annotated[bool, QueryParameter()] = False,
) -> Stream | Response[bytes]:
    """The package of whoever was sent this link, once (Art. 15, 20).

    A browser is shown a page with a button first: programs that open every link of a letter press none, so that none
    of them uses the link up. `download=true` is what the button adds; who does not ask for HTML needs it not.
    """
    now = system_now()
    link = await links.follow(token, now)
    if not download and HTML in (first(request.scope, b"accept") or ""):
        return Response(page(link.language), media_type=HTML, headers={"Content-Security-Policy": POLICY})
    return delivered(link.request_id, await access.package(link.request_id, Moment(now=now)))


router = Router(path="/v1", route_handlers=[fetch_own_package], tags=["Rights"])
"""Stands apart from the desk's: nobody here is an officer."""
