"""Cross-origin requests (Fetch standard): answers may be read from the origins of our sites, and nowhere else."""

from collections.abc import Callable, Collection

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

ALLOWED = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key, placet-cookie"),
    (b"access-control-max-age", b"600"),
)
EXPOSED = b"x-request-id, retry-after"


class Cors:
    """Lets the pages of our sites read answers. Which key may be used from where is for the gate to say (S1).

    It stands outside of everything, so that a page can also read what is refused before the router sees it.
    """

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and mark its response as readable for its origin."""
        origin = _header(scope, b"origin") if scope["type"] == "http" else None
        if origin is None:
            await self._app(scope, receive, send)
            return
        known = origin.decode("latin-1") in self._origins()

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marks = [(b"vary", b"origin")]
                if known:
                    marks += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]
                message = {**message, "headers": [*message["headers"], *marks]}
            await send(message)

        await self._app(scope, receive, marked)


class Preflight:
    """Answers what a browser asks before it lets a page send a request; `Cors` marks the answer like any other."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, and let every other request through."""
        origin = _header(scope, b"origin") if scope["type"] == "http" else None
        if scope["type"] != "http" or origin is None or not _asks_first(scope):
            await self._app(scope, receive, send)
            return
        headers = ALLOWED if origin.decode("latin-1") in self._origins() else ()
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _asks_first(scope: HTTPScope) -> bool:
    return scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method") is not None


def _header(scope: HTTPScope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)
