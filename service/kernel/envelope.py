"""Around everything, also 404, 405 and a crash: request ids, security headers, the limit of a body, one log line.

It is plain ASGI and stands outside the router: a middleware of the framework does not run where no route matches.
"""

import asyncio
import time
from logging import DEBUG, ERROR, INFO
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from service.kernel.ids import new_id_text
from service.kernel.log import crash, event, writes
from service.kernel.problem import (
    MEDIA_TYPE,
    InternalError,
    MalformedRequest,
    PayloadTooLarge,
    Problem,
    RequestTimeout,
    Unavailable,
)

REQUEST_ID = b"x-request-id"
SECURITY = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Sent with every response; a handler's own header of the same name goes before."""
SECURED = frozenset(name for name, _ in SECURITY)
FAILED, REFUSED = 500, 400
"""From these statuses on the fault is ours, and the caller's."""


MOST_HELD = 32 * 1024 * 1024
"""Bytes of bodies that have not been answered yet: any number of callers may send half of one and wait."""
BODY_SECONDS = 10.0
"""How long a body may take to arrive; the server itself knows such a limit for headers only."""


class Envelope:
    """The outermost layer of the service."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, body_seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self.most_bytes = most_bytes
        self.body_seconds = body_seconds
        self.bytes_held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens inside, the answer is a response with a request id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self)
        try:
            if exchange.announces_too_much():
                await exchange.answer(PayloadTooLarge(_limit(self.most_bytes)))
            else:
                await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last line of defence; it is logged and answered
            crash("request.crashed", error, request_id=exchange.request_id)
            await exchange.answer(InternalError("The fault is on our side and was logged under this request id."))
        finally:
            self.bytes_held -= exchange.bytes_received
            exchange.log()


class _Exchange:
    """One request and its response."""

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send, envelope: Envelope) -> None:
        self.request_id = new_id_text()
        self.bytes_received = 0
        self._envelope = envelope
        self._scope = scope
        self._receive = receive
        self._send = send
        self._expired = False
        self._complete = False
        self._started = False
        self._status = 0
        self._began = time.perf_counter()
        self._until = self._began + envelope.body_seconds
        scope["state"]["request_id"] = self.request_id

    def announces_too_much(self) -> bool:
        """Whether the request says that its body is larger than the limit."""
        lengths = [value for name, value in self._scope["headers"] if name == b"content-length"]
        return any(not value.isdigit() or int(value) > self._envelope.most_bytes for value in lengths)

    async def receive(self) -> Any:
        """The next part of the body; raises `PayloadTooLarge`, `MalformedRequest` when the caller has gone.

        Raises `Unavailable` when the bodies that arrive at once are too many to be held.
        """
        message = await self._awaited()
        if message["type"] == "http.disconnect" and not self._complete:
            raise MalformedRequest("The connection was closed before the end of the body.")
        if message["type"] == "http.request":
            self._complete = not message["more_body"]
            self.bytes_received += len(message["body"])
            self._envelope.bytes_held += len(message["body"])
            if self.bytes_received > self._envelope.most_bytes:
                raise PayloadTooLarge(_limit(self._envelope.most_bytes))
            if self._envelope.bytes_held > MOST_HELD:
                raise Unavailable("Too many bodies arrive at once; ask again a little later.")
        return message

    async def _awaited(self) -> Any:
        """The next message; raises `RequestTimeout`: who sends half a body and waits would keep a task for ever.

        An alarm of our own, because that of the library costs an eighth of a check.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if self._complete or task is None:
            return await self._receive()
        alarm = loop.call_later(self._until - time.perf_counter(), self._expire, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not self._expired:
                raise
            task.uncancel()
            raise RequestTimeout("The body did not arrive in time; send it at once, and less of it.") from None
        finally:
            alarm.cancel()

    def _expire(self, task: "asyncio.Task[Any]") -> None:
        self._expired = True
        task.cancel()

    async def send(self, message: Message) -> None:
        """Send on, with our headers."""
        if message["type"] == "http.response.start":
            self._started = True
            self._status = message["status"]
            message = self._dressed(message)
        await self._send(message)

    def _dressed(self, message: HTTPResponseStartEvent) -> HTTPResponseStartEvent:
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        headers += SECURITY if present.isdisjoint(SECURED) else [pair for pair in SECURITY if pair[0] not in present]
        headers.append((REQUEST_ID, self.request_id.encode()))
        return {"type": "http.response.start", "status": message["status"], "headers": headers}

    async def answer(self, problem: Problem) -> None:
        """Answer with a problem, unless a response has begun already."""
        if self._started:
            return
        body = msgspec.json.encode(problem.document(f"urn:uuid:{self.request_id}"))
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def log(self) -> None:
        """One line: which operation, how it ended, how long it took. A path may hold a token, so it is left out.

        What went well is for debugging: written at every request it would cost as much as the request.
        """
        level = ERROR if self._status >= FAILED else DEBUG if 0 < self._status < REFUSED else INFO
        if not writes(level):
            return
        scope = cast("dict[str, object]", self._scope)
        operation = getattr(scope.get("route_handler"), "operation_id", None)
        event(
            "request.answered",
            level=level,
            request_id=self.request_id,
            method=self._scope["method"],
            operation=operation if isinstance(operation, str) else None,
            status=self._status,
            duration_ms=round((time.perf_counter() - self._began) * 1000, 2),
        )


def _limit(most_bytes: int) -> str:
    return f"A body may have {most_bytes // 1024} KiB at most; send less at once."
