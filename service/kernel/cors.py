"""Cross-origin requests (Fetch standard): answers may be read from the origins of our sites, and nowhere else."""

from collections.abc import Callable, Collection

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

METHODS = b"GET, POST"
HEADERS = b"authorization, content-type, idempotency-key, placet-cookie"
EXPOSED = b"x-request-id, retry-after"
REMEMBERED_SECONDS = b"600"


class Cors:
    """Lets the pages of our sites read answers. Which key may be used from where is for the gate to say (S1)."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or let the request through and mark its response as readable for its origin."""
        origin = _header(scope, b"origin") if scope["type"] == "http" else None
        if scope["type"] != "http" or origin is None:
            await self._app(scope, receive, send)
            return
        known = origin.decode("latin-1") in self._origins()
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method") is not None:
            await _preflight(send, origin if known else None)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marks = [(b"vary", b"origin")]
                if known:
                    marks += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]
                message = {**message, "headers": [*message["headers"], *marks]}
            await send(message)

        await self._app(scope, receive, marked)


async def _preflight(send: Send, origin: bytes | None) -> None:
    headers = [(b"vary", b"origin")]
    if origin is not None:
        headers += [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", HEADERS),
            (b"access-control-max-age", REMEMBERED_SECONDS),
        ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _header(scope: HTTPScope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)
