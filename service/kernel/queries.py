"""SQL by name: one file of named, commented queries beside each `store.py`, and a page of code to read it."""

import functools
import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

NAME = re.compile(r"^-- name: (?P<name>[a-z_]+)\n", re.MULTILINE)
PARTS = re.compile(r"^WITH ", re.MULTILINE)
PARAMETER = re.compile(r"\$(\d+)")


@functools.cache
def load(package: str | None) -> Mapping[str, str]:
    """The queries of `queries.sql` in a package, by name; raises `ValueError` for a name that stands there twice."""
    text = (files(package or "service") / "queries.sql").read_text()
    _, *parts = NAME.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in queries:
            raise ValueError(f"{package}/queries.sql names {name} twice")
        queries[name] = body.strip().removesuffix(";")
    return MappingProxyType(queries)


def together(*queries: str) -> str:
    """Several changes of different tables as one statement, so that they cost one round trip.

    Each keeps its own parameters: those of the second follow those of the first, and so on. Only the last may begin
    with parts of its own (WITH), which PostgreSQL takes at the top alone.
    """
    first = 0
    changes: list[str] = []
    for query in queries:
        given = {int(number) for number in PARAMETER.findall(query)}
        changes.append(PARAMETER.sub(lambda match, first=first: f"${int(match[1]) + first}", query))
        first += max(given, default=0)
    *others, last = changes
    if not others:
        return last
    named = ",\n".join(f"change_{place} AS (\n{change}\n)" for place, change in enumerate(others))
    own_parts = PARTS.search(last)
    return f"WITH {named},\n{last[own_parts.end() :]}" if own_parts else f"WITH {named}\n{last}"
