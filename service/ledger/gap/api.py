"""The gap over HTTP, for officers."""

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.kernel.auth import AdmittedRequest, freshly, may
from service.ledger.gap.commands import GapDesk
from service.ledger.gap.model import Closed, Closing, GapShown


@get("/ledger/gap", operation_id="ShowGap", guards=[may("rights:decide")])
async def show_gap(gap_desk: NamedDependency[GapDesk]) -> GapShown:
    """What a restored backup lacks of what was published. While there is a gap, checks say `unavailable`."""
    return await gap_desk.show()


@post("/ledger/gap/closures", operation_id="CloseGap", guards=[may("rights:decide"), freshly], status_code=201)
async def close_gap(data: JSONBody[Closing], gap_desk: NamedDependency[GapDesk], request: AdmittedRequest) -> Closed:
    """Say that you have seen to what is missing, withdrawals above all (Art. 7(3)); checks answer again then."""
    return await gap_desk.close(data, request.user.principal)


router = Router(path="/v1", route_handlers=[show_gap, close_gap], tags=["Ledger"])
