"""The interactive reference at `/docs`, from our own copies in service/web/reference; nothing comes from elsewhere."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.params import FromPath

from service.kernel.openapi import render
from service.kernel.problem import NotFound

FOLDER = Path(__file__).parent.parent / "web" / "reference"
FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "reference.js": "text/javascript",
    "reference.css": "text/css",
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
KEPT = "public, max-age=3600"


@get("/", operation_id="ShowReference", media_type="text/html", sync_to_thread=False)
def show_reference() -> Response[bytes]:
    """The page on which every operation can be read and tried."""
    return Response(_read("index.html"), headers={"Content-Security-Policy": POLICY})


@get("/openapi.json", operation_id="ShowDescription", media_type="application/json", sync_to_thread=False)
def show_description(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The description that the page shows, for programs."""
    return Response(_rendered(request.app))


@get("/{name:str}", operation_id="ShowReferenceFile", sync_to_thread=False)
def show_file(name: FromPath[str]) -> Response[bytes]:
    """A script or style of the page; raises `NotFound` for any other name."""
    if name not in FILES:
        raise NotFound("The reference is at /docs.")
    return Response(_read(name), media_type=FILES[name], headers={"Cache-Control": KEPT})


@lru_cache(maxsize=1 + len(FILES))
def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@lru_cache(maxsize=1)
def _rendered(app: Litestar) -> bytes:
    return render(app).encode()


router = Router(
    path="/docs",
    route_handlers=[show_reference, show_description, show_file],
    include_in_schema=False,
    tags=["Reference"],
)
