"""The ledger over HTTP: the public keys with which anyone checks what this service signed."""

from typing import Any

from litestar import Router, get
from litestar.di import NamedDependency

from service.kernel.crypto import Signer


@get("/.well-known/jwks.json", operation_id="ShowKeys")
async def show_keys(signer: NamedDependency[Signer]) -> dict[str, Any]:
    """The public keys of receipts and certificates (RFC 7517)."""
    return signer.jwks()


router = Router(path="/", route_handlers=[show_keys], tags=["Ledger"])
