"""Global Privacy Control (W3C): the signal of a request, and the statement that this service honours it."""

from datetime import date
from typing import Any

from litestar import Router, get
from litestar.connection import ASGIConnection
from msgspec import Struct

from service.kernel.headers import values

HEADER = b"sec-gpc"
HONOURED_SINCE = date(2026, 11, 24)


class GpcSupport(Struct, frozen=True, rename="camel"):
    """That the signal is honoured, and when this was last changed."""

    gpc: bool
    last_update: date


def signalled(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a request carries the signal, which is one header with the value 1 and nothing else."""
    return values(connection.scope, HEADER) == ["1"]


@get("/.well-known/gpc.json", operation_id="ShowGpcSupport", sync_to_thread=False)
def show_support() -> GpcSupport:
    """Whether Global Privacy Control is honoured here."""
    return GpcSupport(gpc=True, last_update=HONOURED_SINCE)


router = Router(path="/", route_handlers=[show_support], tags=["Consent"])
