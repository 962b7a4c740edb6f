"""The ledger over HTTP: what anyone needs who does not believe us. Nothing here leads to a person."""

from typing import Annotated, Any
from uuid import UUID

from litestar import MediaType, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.kernel.auth import anyone
from service.kernel.crypto import Signer
from service.ledger.commands import LedgerDesk
from service.ledger.model import Consistency, Inclusion


@get("/.well-known/jwks.json", operation_id="ShowKeys")
async def show_keys(signer: NamedDependency[Signer]) -> dict[str, Any]:
    """The public keys of receipts, certificates and checkpoints (RFC 7517)."""
    return signer.jwks()


@get("/v1/ledger/checkpoint", operation_id="ShowCheckpoint", guards=[anyone], media_type=MediaType.TEXT)
async def show_checkpoint(ledger_desk: NamedDependency[LedgerDesk]) -> str:
    """The checkpoint that was published last, as a signed note (C2SP tlog-checkpoint)."""
    return await ledger_desk.checkpoint()


@get("/v1/ledger/proof/{entry_id:uuid}", operation_id="ProveInclusion", guards=[anyone])
async def prove_inclusion(entry_id: FromPath[UUID], ledger_desk: NamedDependency[LedgerDesk]) -> Inclusion:
    """That an entry is in the tree of the last checkpoint. Ids are random: whoever holds a receipt knows its own."""
    return await ledger_desk.inclusion(entry_id)


@get("/v1/ledger/consistency", operation_id="ProveConsistency", guards=[anyone])
async def prove_consistency(
    ledger_desk: NamedDependency[LedgerDesk],
    old: Annotated[int, QueryParameter(name="from", ge=1)],
    new: Annotated[int, QueryParameter(name="to", ge=1)],
) -> Consistency:
    """That the tree of `to` leaves extends the one of `from` leaves: nothing in it was changed or removed."""
    return await ledger_desk.consistency(old, new)


router = Router(
    path="/", route_handlers=[show_keys, show_checkpoint, prove_inclusion, prove_consistency], tags=["Ledger"]
)
