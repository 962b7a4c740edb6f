"""One strict decoder for every JSON body.

Litestar's own echoes input in its messages, turns `"5"` into 5, accepts naive times, any media type, duplicate keys
and NUL, and answers deep nesting and bad UTF-8 with 500. This one is set once, as `dto` of the application. Its order:
media type (415), well-formed JSON (400), expected form (422). Its sentences come from `kernel/sentences.py` alone.
"""

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
from litestar.dto import AbstractDTO
from litestar.enums import RequestEncodingType
from litestar.exceptions import ImproperlyConfiguredException
from litestar.params import BodyKwarg
from msgspec import Meta, Struct

from service.kernel.problem import Fault, InvalidBody, MalformedBody, UnsupportedMediaType
from service.kernel.sentences import refusal

if TYPE_CHECKING:  # named in signatures only; Litestar keeps these modules to itself
    from collections.abc import Generator

    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.connection import ASGIConnection
    from litestar.dto.data_structures import DTOFieldDefinition
    from litestar.openapi.spec import Reference, Schema
    from litestar.typing import FieldDefinition

MOST_BYTES = 1024 * 1024
DEEPEST = 32
FIRST_YEAR, LAST_YEAR = 1900, 2999
LARGEST_INTEGER = 2**53 - 1

Instant = Annotated[datetime, Meta(tz=True)]
"""A time with its offset, as RFC 3339 writes it; in bodies always of the years 1900 to 2999."""

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?')
"""A text, or one without an end: whoever looks for that from each quote anew is busy for an hour."""
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS = b"0" * 16
_FAR_YEAR = re.compile(rb'"(?:[03-9]\d|1[0-8])\d\d-')
_UTF8_JSON = re.compile(rb'application/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?', re.IGNORECASE)
_JSON = re.compile(rb"application/json\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(rb";\s*charset\s*=", re.IGNORECASE)

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def within_reach(instant: datetime) -> bool:
    """Whether a time can be turned to UTC and have a validity added to it without leaving the calendar."""
    return FIRST_YEAR <= instant.year <= LAST_YEAR


def require_json(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check that the headers announce one JSON document in UTF-8, not compressed; raises `UnsupportedMediaType`."""
    media_types = 0
    for name, value in headers:
        if name == b"content-type":
            media_types += 1
            if value != b"application/json" and not _names_json(value):
                raise UnsupportedMediaType("Send `Content-Type: application/json`; the only charset is utf-8.")
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            raise UnsupportedMediaType("Send the body without `Content-Encoding`.")
    if media_types != 1:
        raise UnsupportedMediaType("Send one `Content-Type: application/json`.")


def _names_json(value: bytes) -> bool:
    value = value.strip()
    if _CHARSET.search(value):
        return _UTF8_JSON.fullmatch(value) is not None
    return _JSON.fullmatch(value) is not None


def require_well_formed(raw: bytes, *, shallow: bool = False) -> None:
    """Check that `raw` is JSON that every reader understands alike (RFC 7493); raises `MalformedBody`.

    No duplicate keys at any level, no NUL, no lone surrogate, no NaN, no integer that a double cannot hold, at most
    32 levels. A body equal to what its content would be written as has no duplicate; only others are parsed again.
    `shallow`: it has the form of a type that cannot be nested deeper.
    """
    if not shallow and raw.count(b"[") + raw.count(b"{") > DEEPEST and _too_deep(raw):
        raise MalformedBody(f"The body is nested deeper than {DEEPEST} levels.")
    if b"\\u0000" in raw and _NUL.search(raw):
        raise MalformedBody("The body holds the character NUL.")
    try:
        canonical = _encoder.encode(_anything.decode(raw))
        plain = raw == canonical or msgspec.json.format(raw, indent=-1) == canonical
    except (ValueError, RecursionError):
        raise MalformedBody("The body is not JSON in UTF-8.") from None
    if not plain or _MANY_DIGITS in raw.translate(_ALIKE):
        json.loads(raw, object_pairs_hook=_without_duplicates, parse_int=_exact)


def _too_deep(raw: bytes) -> bool:
    brackets = _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS)
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


def _without_duplicates(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise MalformedBody("An object in the body has the same key twice.")


def _exact(digits: str) -> None:
    if len(digits.lstrip("-")) > len(str(LARGEST_INTEGER)) or abs(int(digits)) > LARGEST_INTEGER:
        raise MalformedBody("The body holds an integer beyond 2^53 - 1.")


class Reader:
    """Reads bodies of one type; built once per type."""

    def __init__(self, form: Any) -> None:
        """A reader of `form`; raises `TypeError` when msgspec cannot read it."""
        self._decoder = msgspec.json.Decoder(form)
        schema = msgspec.json.schema(form)
        self._schema = schema
        self._names = frozenset(_property_names(schema))
        self._has_times = '"date-time"' in json.dumps(schema)
        self._shallow = not _is_open(schema, schema.get("$defs", {}))

    def read(self, raw: bytes) -> Any:
        """The body as its type; raises `MalformedBody` (400) or `InvalidBody` (422), which name the place."""
        if not raw:
            raise MalformedBody("The body is empty.")
        try:
            value = self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            require_well_formed(raw)
            raise InvalidBody(DOES_NOT_FIT, faults=[refusal(str(error), self._names, self._schema)]) from None
        except (ValueError, RecursionError):
            require_well_formed(raw)
            raise MalformedBody("The body is not JSON in UTF-8.") from None
        require_well_formed(raw, shallow=self._shallow)
        if self._has_times and (_FAR_YEAR.search(raw) or b"\\u00" in raw):
            self._require_near_times(value)
        return value

    def _require_near_times(self, value: object) -> None:
        far = [Fault(path, f"must be of the years {FIRST_YEAR} to {LAST_YEAR}") for path in _far_times(value, "$")]
        if far:
            raise InvalidBody(DOES_NOT_FIT, faults=far)


HOLDERS: Mapping[str, set[str]] = {
    "object": {"properties", "additionalProperties"},
    "array": {"items", "prefixItems"},
}
"""The words of JSON Schema by which an object or a list says what it holds."""
PARTS = ("additionalProperties", "items", "prefixItems", "anyOf", "oneOf", "allOf")
DOES_NOT_FIT = "The body does not have the expected form; `errors` names the place."


def _property_names(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        node = cast("dict[str, object]", schema)
        if isinstance(properties := node.get("properties"), dict):
            yield from cast("dict[str, object]", properties)
        for inner in node.values():
            yield from _property_names(inner)
    elif isinstance(schema, list):
        for inner in cast("list[object]", schema):
            yield from _property_names(inner)


def _is_open(schema: object, definitions: Mapping[str, object], within: tuple[str, ...] = ()) -> bool:
    """Whether a part of a schema takes anything, or leads back to itself: what it takes may be nested at will."""
    if isinstance(schema, list):
        return any(_is_open(inner, definitions, within) for inner in cast("list[object]", schema))
    if not isinstance(schema, dict):
        return False
    node = cast("dict[str, object]", schema)
    if isinstance(name := node.get("$ref"), str):
        name = name.rpartition("/")[2]
        return name in within or _is_open(definitions[name], definitions, (*within, name))
    if not node or (node.get("type") in HOLDERS and not HOLDERS[cast("str", node["type"])] & node.keys()):
        return True
    parts = [list(cast("dict[str, object]", node.get("properties", {})).values()), *(node.get(p) for p in PARTS)]
    return any(_is_open(part, definitions, within) for part in parts)


def _far_times(value: object, path: str) -> Iterator[str]:
    if isinstance(value, datetime):
        if not within_reach(value):
            yield path
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _far_times(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(cast("list[object]", value)):
            yield from _far_times(inner, f"{path}[{index}]")
    elif isinstance(value, dict):
        for inner in cast("dict[object, object]", value).values():
            yield from _far_times(inner, f"{path}[...]")


reader = functools.cache(Reader)


class StrictBody(AbstractDTO[Struct]):
    """The strict decoder as Litestar takes it: `Litestar(dto=StrictBody, return_dto=None)`.

    It reads `data: JSONBody[...]` of every handler below; a handler of another kind of body says `dto=None`.
    """

    def decode_bytes(self, value: bytes) -> Any:
        """The body of the request; raises the problems of `require_json` and `Reader.read`."""
        connection = cast("ASGIConnection[Any, Any, Any, Any]", self.asgi_connection)
        require_json(connection.scope["headers"])
        return reader(connection.route_handler.parsed_data_field.annotation).read(value)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: "FieldDefinition", handler_id: str, backend_cls: object = None
    ) -> None:
        """Build the reader when the handler is registered, so that a type that cannot be read stops the start."""
        del handler_id, backend_cls
        kwarg = field_definition.kwarg_definition
        if not isinstance(kwarg, BodyKwarg) or kwarg.media_type != RequestEncodingType.JSON:
            raise ImproperlyConfiguredException("write data: JSONBody[...], or dto=None for a body that is not JSON")
        reader(field_definition.annotation)

    @classmethod
    def create_openapi_schema(
        cls, field_definition: "FieldDefinition", handler_id: str, schema_creator: "SchemaCreator"
    ) -> "Reference | Schema":
        """The schema of the Struct itself."""
        del handler_id
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def is_supported_model_type_field(cls, field_definition: "FieldDefinition") -> bool:
        """False: responses are encoded by msgspec directly."""
        del field_definition
        return False

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> "Generator[DTOFieldDefinition, None, None]":
        """Nothing: no transfer model is made."""
        del model_type
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: "FieldDefinition") -> bool:
        """False: no transfer model is made."""
        del field_definition
        return False
