"""Kept proofs over HTTP."""

from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.kernel.auth import AdmittedRequest, freshly, may
from service.rights.proof.commands import ProofDesk
from service.rights.proof.model import Opened, Opening


@post(
    "/rights/proofs/{entry_id:uuid}/openings",
    operation_id="OpenProof",
    guards=[may("rights:decide"), freshly],
    status_code=200,
)
async def open_proof(
    entry_id: FromPath[UUID],
    data: JSONBody[Opening],
    proof_desk: NamedDependency[ProofDesk],
    request: AdmittedRequest,
) -> Opened:
    """Open the proof of a consent of somebody erased: the second officer who asks within a day gets it (Art. 17(3))."""
    return await proof_desk.open(entry_id, data, request.user.principal)


router = Router(path="/v1", route_handlers=[open_proof], tags=["Rights"])
