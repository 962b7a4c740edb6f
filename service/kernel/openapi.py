"""The description of the HTTP interface (OpenAPI 3.1), generated from the handlers and completed from their Structs.

The framework's generator knows the routes, but its schemas drop what msgspec checks: limits of items, refused fields,
descriptions. So bodies are described by msgspec itself, and every error as the one kind of problem that there is.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse, Response
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Struct, UnsetType

from service.kernel.problem import MEDIA_TYPE, Fault, registry

REFERENCE = "#/components/schemas/{name}"
JSON = "application/json"
_UNSAID = ("deprecated", "allowEmptyValue", "allowReserved")
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")

type_of_node = dict[str, Any]


class Problem(Struct, frozen=True):
    """What is wrong, as RFC 9457 writes it. No value that was sent is repeated."""

    type: str
    title: str
    status: int
    detail: str | UnsetType = UNSET
    instance: str | UnsetType = UNSET
    errors: list[Fault] | UnsetType = UNSET


class NoPages(Router):
    """Takes none of the pages that the framework adds for a description: they load scripts from elsewhere."""

    def register(self, value: ControllerRouterHandler) -> list[Any]:
        """Leave the handler out."""
        del value
        return []


def document(app: Litestar) -> type_of_node:
    """The description of every operation of `app`."""
    described: type_of_node = app.openapi_schema.to_schema()
    handlers = list(_handlers(app))
    bodies = [_read_by(handler) for handler in handlers]
    answers = [_answered_by(handler) for handler in handlers]
    schemas, components = _schemas([*bodies, *answers, Problem])
    for index, handler in enumerate(handlers):
        operation = _operation(described, handler)
        _complete(operation, handler)
        if bodies[index] is not None:
            operation["requestBody"]["content"] = {JSON: {"schema": schemas[index]}}
        if answers[index] is not None:
            answer = operation["responses"][str(handler.status_code)]
            answer["content"] = {JSON: {"schema": schemas[len(handlers) + index]}}
    described["components"]["schemas"] = components
    described["components"]["responses"] = {"Problem": _problem_response()}
    described["servers"] = [{"url": "/"}]
    return described


def render(app: Litestar) -> str:
    """The description as the text that is committed: sorted, indented, ending with a line break."""
    return json.dumps(document(app), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            own = [handler for handler, _ in route.route_handler_map.values()]
            yield from (handler for handler in own if handler.resolve_include_in_schema())


def _operation(described: type_of_node, handler: HTTPRouteHandler) -> type_of_node:
    paths = cast("dict[str, dict[str, type_of_node]]", described["paths"])
    operations = [operation for path in paths.values() for operation in path.values()]
    own = [operation for operation in operations if operation["operationId"] == handler.operation_id]
    if len(own) != 1:
        raise ValueError(f"{handler.handler_name} needs an operation_id of its own")
    return own[0]


def _complete(operation: type_of_node, handler: HTTPRouteHandler) -> None:
    docstring = (handler.fn.__doc__ or "").strip()
    operation["summary"] = _WORDS.sub(" ", operation["operationId"]).capitalize()
    operation["description"] = " ".join(docstring.split())
    if not handler.resolve_guards():  # pyright: ignore[reportUnknownMemberType] - the framework leaves its type open
        operation["security"] = []
    parameters: list[type_of_node] = operation.get("parameters", [])
    for parameter in parameters:
        _simplify(parameter["schema"])
    for node in [operation, *parameters]:
        for name in _UNSAID:
            if node.get(name) is False:
                del node[name]
    own = operation["responses"][str(handler.status_code)]
    own["description"] = HTTPStatus(handler.status_code).phrase
    if not own.get("headers"):
        own.pop("headers", None)
    operation["responses"] = {str(handler.status_code): own, "default": _PROBLEM}


def _simplify(schema: type_of_node) -> None:
    """A parameter that may be left out is described as if null could be sent; it cannot."""
    kinds = [kind for kind in schema.get("oneOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["oneOf"]
        schema.update(kinds[0])


def _read_by(handler: HTTPRouteHandler) -> Any:
    """The type of the body of an operation; None where there is none."""
    field = handler.parsed_data_field
    return None if field is None else field.annotation


def _answered_by(handler: HTTPRouteHandler) -> Any:
    """The type of the answer of an operation; None where it is not JSON of one type."""
    field = handler.parsed_return_field
    if field.annotation is None or field.is_subclass_of((Response, ASGIResponse)):
        return None
    return field.annotation


def _schemas(types: Sequence[Any]) -> tuple[Sequence[type_of_node], type_of_node]:
    """What msgspec says of each type, and the Structs that they name; None gets a schema that nobody asks for."""
    schemas, components = msgspec.json.schema_components(types, schema_hook=_anything, ref_template=REFERENCE)
    short = {name: _short(name) for name in components}
    named = {short[name]: _renamed(schema, short) for name, schema in components.items()}
    return [_renamed(schema, short) for schema in schemas], named


def _short(name: str) -> str:
    """Where two Structs share a name, msgspec writes `service.consent.model.Reason`; here it is `ConsentReason`."""
    *modules, own = name.split(".")
    return own if not modules else modules[1].capitalize() + own


def _renamed(node: Any, short: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(inner, short) for inner in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    renamed = {key: _renamed(inner, short) for key, inner in cast("type_of_node", node).items()}
    if isinstance(target := renamed.get("$ref"), str):
        renamed["$ref"] = REFERENCE.format(name=short[target.rpartition("/")[2]])
    return renamed


def _anything(form: type) -> type_of_node:
    if form is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


def _problem_response() -> type_of_node:
    own = [kind for kind in registry().values() if kind.__module__.startswith("service.")]
    kinds = sorted(f"{kind.status} `{kind.slug}`: {kind.title}" for kind in own)
    return {
        "description": "\n".join(["A problem (RFC 9457), one of:", "", *(f"* {kind}" for kind in kinds)]),
        "content": {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(name="Problem")}}},
    }
