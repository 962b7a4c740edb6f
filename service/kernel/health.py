"""Whether the service runs, and whether it can answer."""

from typing import Literal

from litestar import Router, get
from litestar.di import NamedDependency
from msgspec import Struct

from service.kernel.database import Database


class Health(Struct, frozen=True):
    """A service that answers at all."""

    status: Literal["live", "ready"]


@get("/live", operation_id="IsLive")
async def is_live() -> Health:
    """The process runs."""
    return Health(status="live")


@get("/ready", operation_id="IsReady")
async def is_ready(database: NamedDependency[Database]) -> Health:
    """The database answers too; 503 while it does not."""
    await database.fetchrow("SELECT 1")
    return Health(status="ready")


router = Router(path="/health", route_handlers=[is_live, is_ready], tags=["Operation"])
