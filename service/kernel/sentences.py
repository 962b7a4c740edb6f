"""Our sentences for what does not fit, from a fixed table. A library's own text echoes input and is never shown.

Only what comes from our types may appear: names of their fields, kinds of value, bounds.
"""

import re
from collections.abc import Mapping
from typing import Any

from service.kernel.problem import Fault

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "datetime": "an RFC 3339 time",
    "date": "an RFC 3339 date",
    "uuid": "a UUID",
}
COUNTED = {"str": "characters", "array": "items", "object": "members", "bytes": "bytes"}
BOUNDS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}
OTHERWISE = "does not have the expected form"
NOT_ALLOWED = "is not one of the allowed values"

_PLACE = re.compile(r" - at `(?P<key>key` in `)?(?P<path>\$[^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[[^\]]*\]")
_NAME = re.compile(r"\.([^.\[\]]+)")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_KIND = re.compile(r"Expected `([a-z| ]+)`(?:, got `[a-z]+`)?")
_LENGTH = re.compile(r"Expected `(str|array|object|bytes)` of length (<=|>=) (\d+)")
_SIZE = re.compile(r"Expected `(?:int|float)` (<=|>=|<|>) (-?\d+(?:\.\d+)?)")

FIXED = (
    ("Object contains unknown field ", "holds a field that is not known here; the reference at /docs lists them"),
    ("Invalid enum value ", NOT_ALLOWED),
    ("Invalid value ", NOT_ALLOWED),
    ("Expected `datetime` with a timezone", "must be a time with its offset, such as 2026-03-01T00:00:00Z"),
    ("Invalid RFC3339 encoded datetime", "must be a time with its offset, such as 2026-03-01T00:00:00Z"),
    ("Invalid RFC3339 encoded date", "must be a date such as 2026-03-01"),
    ("Invalid UUID", "must be a UUID"),
    ("badly formed hexadecimal UUID", "must be a UUID"),
    ("Expected `str` matching", "does not have the required pattern"),
    ("Integer value out of range", "is out of range"),
    ("Number out of range", "is out of range"),
)


def refusal(text: str, names: frozenset[str], schema: Mapping[str, Any] | None = None) -> Fault:
    """What msgspec says about a body, as our own fault; of its path only parts that `names` knows are kept.

    With the `schema` of the body the values that are allowed at the place are listed.
    """
    place = _PLACE.search(text)
    path = place["path"] if place else "$"
    if not names.issuperset(_NAME.findall(path)):
        path = "$"
    if missing := _MISSING.match(text):
        return Fault(f"{path}.{missing[1]}", "is required")
    said = sentence(text)
    if said == NOT_ALLOWED and schema and (values := allowed(schema, path)):
        said = f"{NOT_ALLOWED}: {', '.join(values)}"
    return Fault(path, f"a key {said}" if place and place["key"] else said)


def allowed(schema: Mapping[str, Any], path: str) -> list[str]:
    """The values that a schema lists for a place, null aside; none where anything else may stand there too."""
    places = _meant(schema, schema)
    for name in _STEP.findall(path):
        words = ("properties",) if name else ("items", "additionalProperties")
        found = [place[word] for place in places for word in words if word in place]
        places = [meant for one in found for meant in _meant(schema, one[name] if name else one)]
    places = [place for place in places if place.get("type") != "null"]
    listed = all("enum" in place for place in places)
    return [str(value) for place in places for value in place["enum"] if value is not None] if listed else []


def _meant(schema: Mapping[str, Any], place: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a place of a schema may be, references followed."""
    if name := place.get("$ref"):
        return _meant(schema, schema["$defs"][name.rpartition("/")[2]])
    return [meant for one in place["anyOf"] for meant in _meant(schema, one)] if "anyOf" in place else [place]


def sentence(text: str) -> str:
    """Our sentence for a text of msgspec."""
    if length := _LENGTH.match(text):
        return f"must have {BOUNDS[length[2]]} {length[3]} {COUNTED[length[1]]}"
    if size := _SIZE.match(text):
        return f"must be {BOUNDS[size[1]]} {size[2]}"
    for beginning, said in FIXED:
        if text.startswith(beginning):
            return said
    if kind := _KIND.match(text):
        kinds = [KINDS.get(name.strip(), "") for name in kind[1].split("|")]
        return f"must be {' or '.join(kinds)}" if all(kinds) else OTHERWISE
    return OTHERWISE
