"""The short way to handlers that need nothing of the framework but the body of a POST (ADR 0011).

The same functions run behind the same guards, with the same reader and the same problems: what each of them declares
is read from the router's own routes. Every other request, and every other kind of handler, goes through the router.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import msgspec
from litestar import Litestar, Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, HeaderParameter
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope, Receive, Scope, Send
from litestar.typing import FieldDefinition
from msgspec import Struct

from service.kernel.body import Reader, StrictBody, reader, require_json
from service.kernel.headers import first
from service.kernel.http import answer

_encoder = msgspec.json.Encoder()
JSON = (b"content-type", b"application/json")
NO_CONTENT = 204


class Express:
    """An ASGI application in front of a router."""

    def __init__(self, router: Litestar) -> None:
        """Take from the router what can go the short way."""
        self._router = router
        self._operations = {
            route.path: operation
            for route in router.routes
            if isinstance(route, HTTPRoute) and (operation := _operation(route)) is not None
        }

    @property
    def paths(self) -> frozenset[str]:
        """The addresses of what goes the short way."""
        return frozenset(self._operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the short way, or let the router answer."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._router(scope, receive, send)
        elif operation := self._operations.get(scope["path"]):
            scope["litestar_app"] = self._router
            await operation.run(scope, receive, send)
        else:
            await self._router(scope, receive, send)


class _Operation(Struct, frozen=True):
    """A handler with what it asks for: values made once, headers by the names of its parameters, perhaps a body."""

    handler: HTTPRouteHandler
    guards: tuple[Callable[[Request[Any, Any, Any], HTTPRouteHandler], Awaitable[None]], ...]
    values: Mapping[str, object]
    headers: tuple[tuple[str, bytes], ...]
    reader: Reader | None
    body_optional: bool
    wants_request: bool

    async def run(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        scope["route_handler"] = self.handler
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        try:
            for guard in self.guards:
                await guard(request, self.handler)
            content = await self.handler.fn(**await self._arguments(request))
        except Exception as error:  # noqa: BLE001 - as the router does it: every exception becomes a problem
            response: Any = answer(request, error)
            await response.to_asgi_response(None, request)(scope, receive, send)
            return
        body = _encoder.encode(content)
        headers = [JSON, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": self.handler.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _arguments(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        arguments = dict(self.values)
        if self.wants_request:
            arguments["request"] = request
        for name, header in self.headers:
            arguments[name] = first(request.scope, header)
        if self.reader:
            if raw := await _whole(request.receive):
                require_json(request.scope["headers"])
            if raw or not self.body_optional:
                arguments["data"] = self.reader.read(raw)
        return arguments


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = cast("dict[str, Any]", await receive())
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _operation(route: HTTPRoute) -> _Operation | None:
    """How to run the POST of a route; None where it asks for anything else, or has none."""
    handler: Any = route.route_handler_map.get("POST", (None,))[0]
    if handler is None or handler.has_sync_callable or route.path_parameters or handler.status_code == NO_CONTENT:
        return None
    if handler.parsed_return_field.is_subclass_of(Response):
        return None
    asked: dict[str, FieldDefinition] = dict(handler.parsed_fn_signature.parameters)
    wants_request = asked.pop("request", None) is not None
    made_once = handler.resolve_dependencies()
    values = {name: made_once[name].dependency() for name in asked if name in made_once}
    body = asked.pop("data", None)
    headers = [(name, _header(field)) for name, field in asked.items() if name not in values]
    named = [(name, header) for name, header in headers if header]
    if len(named) < len(headers) or (body and not isinstance(body.kwarg_definition, BodyKwarg)):
        return None
    return _Operation(
        handler=handler,
        guards=tuple(handler.resolve_guards()),
        values=values,
        headers=tuple(named),
        reader=reader(body.annotation) if body and handler.resolve_data_dto() is StrictBody else None,
        body_optional=body is not None and body.has_default,
        wants_request=wants_request,
    )


def _header(field: FieldDefinition) -> bytes | None:
    """The header that a parameter is, where it may be left out and is text; else None."""
    declared = field.kwarg_definition
    if isinstance(declared, HeaderParameter) and declared.name and field.annotation == str | None:
        return declared.name.lower().encode()
    return None
