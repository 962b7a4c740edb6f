"""From a TOML table to a form. What is wrong is noted and replaced by something blank, so that the rest is read."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from service.policy.load.mistakes import Mistakes, hint, key_path
from service.policy.load.values import InLanguages, Judged, Names

T = TypeVar("T", bound=Struct)

_SPOKEN: dict[type, str] = {
    str: "must be a text, in quotes",
    int: "must be a whole number",
    float: "must be a number",
    bool: "must be true or false, without quotes",
    date: "must be a date, or a date with a time, without quotes, as 2026-12-24 or 2026-12-24T18:00:00",
    tuple: "must be a list, in [brackets]",
    Mapping: "must be a table of keys and values",
}
_BLANK: dict[type, Any] = {str: "", int: 0, float: 0.0, bool: False, date: date.min, tuple: (), Mapping: {}}
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_TWICE = re.compile(r"Cannot (overwrite|declare|redefine|mutate|add)|Duplicate")


class Reference(Struct, frozen=True):
    """Something that a value names."""

    file: str
    path: str
    kind: str
    name: str


class Filler:
    """Fills forms, and remembers what they name and which words they hold in several languages."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self.references: list[Reference] = []
        self.texts: list[tuple[str, str, Mapping[str, str]]] = []

    def fill(self, form: type[T], file: str, text: str, *, before: int = 0) -> T:
        """The form that a TOML text fills in; `before` lines of the file come ahead of the text."""
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            self._mistakes.add_unusable(file, *_unread(str(error), text, before))
            return blank(form)
        return self._struct(form, file, "", table)

    def _struct(self, form: type[T], file: str, path: str, table: Mapping[str, Any]) -> T:
        hints = get_type_hints(form, include_extras=True)
        known = {field.encode_name.replace("_", "-"): field for field in fields(form)}
        for key in table.keys() - known.keys():
            self._mistakes.add(file, key_path(path, key), f"this key is not known here; {hint(key, known)}")
        filled: dict[str, Any] = {}
        for key, field in known.items():
            if key in table:
                filled[field.name] = self._value(hints[field.name], file, key_path(path, key), table[key])
            elif field.default is NODEFAULT and field.default_factory is NODEFAULT:
                self._mistakes.add(file, key_path(path, key), "is missing; add it")
                filled[field.name] = blank(hints[field.name])
        return form(**filled)

    def _value(self, wanted: Any, file: str, path: str, value: Any) -> Any:
        plain, marks = apart(wanted)
        filled = self._plain(plain, file, path, value)
        if self._mistakes.spoiled(file, path):
            return blank(plain)
        for mark in marks:
            if isinstance(mark, Judged) and (fault := mark.by(filled)):
                self._mistakes.add(file, path, fault)
            elif isinstance(mark, Names):
                self.references.append(Reference(file, path, mark.kind, filled))
            elif isinstance(mark, InLanguages):
                self.texts.append((file, path, filled))
        return filled

    def _plain(self, plain: Any, file: str, path: str, value: Any) -> Any:
        origin = get_origin(plain) or plain
        if origin is Literal:
            if value not in get_args(plain):
                self._mistakes.add(file, path, f"must be one of: {', '.join(get_args(plain))}")
            return value
        if not _is(value, origin):
            self._mistakes.add(file, path, _SPOKEN[Mapping if issubclass(origin, Struct) else origin])
            return value
        if origin is tuple:
            return self._list(get_args(plain)[0], file, path, value)
        if origin is Mapping:
            keys, items = get_args(plain)
            return self._table(keys, items, file, path, value)
        return self._struct(plain, file, path, value) if issubclass(origin, Struct) else value

    def _list(self, wanted: Any, file: str, path: str, items: list[Any]) -> tuple[Any, ...]:
        seen: set[str] = set()
        for place, item in enumerate(items):
            if isinstance(item, str) and item in seen:
                self._mistakes.add(file, f"{path}[{place}]", "is listed twice; leave one out")
            elif isinstance(item, str):
                seen.add(item)
        return tuple(self._value(wanted, file, f"{path}[{place}]", item) for place, item in enumerate(items))

    def _table(self, keys: Any, wanted: Any, file: str, path: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
        judges = [mark.by for mark in apart(keys)[1] if isinstance(mark, Judged)]
        for key in table:
            for fault in filter(None, (judge(key) for judge in judges)):
                self._mistakes.add(file, key_path(path, key), f"this key {fault}")
        return {key: self._value(wanted, file, key_path(path, key), item) for key, item in table.items()}


def blank(wanted: Any) -> Any:
    """Something of a type that says nothing."""
    plain, _ = apart(wanted)
    origin = get_origin(plain) or plain
    if origin is Literal:
        return get_args(plain)[0]
    if origin in _BLANK:
        return _BLANK[origin]
    return plain(**{name: blank(hint) for name, hint in get_type_hints(plain, include_extras=True).items()})


def _is(value: Any, origin: type) -> bool:
    """Whether a TOML value is of the kind that a form wants. A whole number is a number; true is none."""
    if issubclass(origin, Struct | Mapping):
        return isinstance(value, dict)
    if origin is tuple:
        return isinstance(value, list)
    if origin is date:
        return isinstance(value, date)  # a date with a time is one too
    return type(value) is origin or (origin is float and type(value) is int)


def apart(wanted: Any) -> tuple[Any, tuple[object, ...]]:
    """A type without what marks it, and the marks. Of `X | None` it is X that counts: TOML has no null."""
    members = get_args(wanted)
    if NoneType in members:
        wanted = next(member for member in members if member is not NoneType)
    if get_origin(wanted) is Annotated:
        plain, *marks = get_args(wanted)
        return plain, tuple(marks)
    return wanted, ()


def _unread(error: str, text: str, before: int) -> tuple[str, str]:
    """Where a text stops being TOML, and what to look for there. The parser's own words are not shown."""
    place = _PLACE.search(error)
    line = int(place[1]) if place else text.count("\n") + 1
    said = "this is not TOML; look for a missing quote, bracket or = here or just before"
    if _TWICE.match(error):
        said = "this key or table is there twice; keep one"
    return f"line {line + before}", f"column {place[2]}: {said}" if place else said
