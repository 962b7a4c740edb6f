"""`schema.json`: what `data.json` may hold, as JSON Schema (2020-12), and nothing that is not said there.

It is written from the same structures and the same data map as the data, so that neither can be another's.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from service.decisioning.explanation.model import Explanation
from service.rights.package.beside import Inclusion
from service.rights.package.meanings import Meaning, TableMeaning
from service.rights.package.preface import Cover

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"

type_of_schema = dict[str, Any]

UUID = {"type": "string", "format": "uuid"}
KINDS: Mapping[str, type_of_schema] = {
    "uuid": UUID,
    "text": {"type": "string"},
    "timestamp with time zone": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "smallint": {"type": "integer"},
    "integer": {"type": "integer"},
    "bigint": {"type": "integer"},
    "double precision": {"type": "number"},
    "jsonb": {"type": "object"},
    "any": {"type": ["string", "number", "boolean"]},
}
OPENED: type_of_schema = {"type": ["string", "object"]}
"""What was sealed: the text as it was, or an object."""
BESIDE: Mapping[str, Mapping[str, type_of_schema]] = {
    "ledger_entries": {
        "inclusion": {"$ref": REFERENCE.format(name="Inclusion")},
        "withheld": {"type": "array", "items": {"const": "officer"}},
    },
    "decisions": {"explanation": {"anyOf": [{"$ref": REFERENCE.format(name="Explanation")}, {"type": "null"}]}},
}


def schema(cover: Cover) -> type_of_schema:
    """The schema of the package that begins with this cover."""
    whole = [type(cover), *([Inclusion, Explanation] if "checkpoint" in cover.__struct_fields__ else [])]
    _, definitions = msgspec.json.schema_components(whole, ref_template=REFERENCE)
    beginning = definitions.pop(type(cover).__name__)
    properties: type_of_schema = beginning["properties"] | {
        "format": {"const": cover.format},
        "subjects": {"type": "array", "items": _object({"subject_id": UUID, "tables": _tables(cover, definitions)})},
        "unmatched": _tables(cover, definitions),
    }
    return cast(
        "type_of_schema",
        _strict({"$schema": DIALECT, "title": cover.format, **_object(properties), "$defs": definitions}),
    )


def _tables(cover: Cover, definitions: type_of_schema) -> type_of_schema:
    for name, table in cover.meanings.items():
        columns = _columns(table)
        if "Explanation" in definitions and name in BESIDE:
            columns |= BESIDE[name]
        definitions.setdefault(f"row of {name}", _object(columns))
    rows = {
        name: {"type": "array", "items": {"$ref": REFERENCE.format(name=f"row of {name}")}} for name in cover.meanings
    }
    return {"type": "object", "properties": rows, "additionalProperties": False}


def _columns(table: TableMeaning) -> type_of_schema:
    return {name: _column(column) for name, column in table.columns.items()}


def _column(column: Meaning) -> type_of_schema:
    """A value of the column's type, or null: what is empty is told too."""
    if column.sealed:
        kind = OPENED
    elif column.type.endswith("[]"):
        kind = {"type": "array", "items": KINDS.get(column.type[:-2], KINDS["text"])}
    else:
        kind = KINDS.get(column.type, KINDS["text"])
    return {"description": column.meaning, "anyOf": [kind, {"type": "null"}]}


def _object(properties: type_of_schema) -> type_of_schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _strict(node: Any) -> Any:
    """The same where an object with named properties has no others."""
    if isinstance(node, list):
        return [_strict(one) for one in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    told = {name: _strict(one) for name, one in cast("type_of_schema", node).items()}
    if "properties" in told and isinstance(told.get("type"), str):
        told.setdefault("additionalProperties", False)
    return told
