"""Verification over HTTP."""

from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.kernel.auth import AdmittedRequest, may
from service.kernel.problem import Fault, Forbidden, InvalidBody
from service.rights.commands import RightsDesk
from service.rights.model import Progress, Vouching
from service.rights.verification.commands import Codes
from service.rights.verification.model import Proving


@post(
    "/rights/requests/{request_id:uuid}/verify",
    operation_id="VerifyRightsRequest",
    guards=[may("rights:write")],
    status_code=200,
)
async def verify(
    request_id: FromPath[UUID],
    data: JSONBody[Proving],
    rights_desk: NamedDependency[RightsDesk],
    codes: NamedDependency[Codes],
    request: AdmittedRequest,
) -> Progress:
    """Prove an identifier by the code that came to it; or, as an officer, say how you know the person (Art. 12(6))."""
    caller, moment = request.user.principal, request.user.moment
    if data.code is not None and data.note is None:
        return await codes.take(request_id, data.code, caller, moment)
    if data.note is None or data.code is not None:
        raise InvalidBody("Nothing was verified.", faults=[Fault("$", "must have either `code` or `note`")])
    if "rights:decide" not in caller.scopes:
        raise Forbidden("Only an officer says how they know a person; send the `code` that came to the identifier.")
    return await rights_desk.verify(request_id, Vouching(note=data.note), caller, moment)


@post(
    "/rights/requests/{request_id:uuid}/codes",
    operation_id="SendCodes",
    guards=[may("rights:write")],
    status_code=202,
)
async def send_codes(request_id: FromPath[UUID], codes: NamedDependency[Codes], request: AdmittedRequest) -> Progress:
    """Send new codes in the place of the old ones, up to three of a request to an address."""
    return await codes.again(request_id, request.user.moment)


router = Router(path="/v1", route_handlers=[verify, send_codes], tags=["Rights"])
