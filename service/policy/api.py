"""The bundle over HTTP: which one is in force, and putting another one there."""

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.kernel.auth import AdmittedRequest, may
from service.policy.commands import BundleDesk
from service.policy.model import BundleActivated, BundleInForce, Reviewed


@post("/bundles", operation_id="ActivateBundle", guards=[may("bundles:activate")], status_code=200)
async def activate(
    bundle_desk: NamedDependency[BundleDesk], request: AdmittedRequest, data: JSONBody[Reviewed | None] = None
) -> BundleActivated:
    """Read the service's folder of policies again, check it and put it in force, all or nothing.

    With a digest only if the folder holds the bundle that was reviewed. What was asked before is answered by the old
    one; other processes follow within a second or two.
    """
    return await bundle_desk.activate(data or Reviewed(), UUID(request.user.principal.principal_id))


@get("/bundles/current", operation_id="ShowBundle", guards=[may("bundles:read")])
async def show(bundle_desk: NamedDependency[BundleDesk]) -> BundleInForce:
    """The bundle that the process which answers decides by."""
    return await bundle_desk.current()


router = Router(path="/v1", route_handlers=[activate, show], tags=["Bundles"])
