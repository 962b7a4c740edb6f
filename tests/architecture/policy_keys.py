"""The reference of the policies: every key of every file, what may stand there, and what it is without one."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from service.policy.load import forms
from service.policy.load.fill import apart
from service.policy.load.values import Judged, Names
from tests.architecture.documents import document, table

ABOUT = """\
A bundle is a folder of TOML files and of texts of notices. `placet policies check` tells every mistake in it at once,
with its file, its place and what to do. A key that is not listed here is refused, so that a misspelt one does not go
unnoticed; a file that is not either, but for those whose name starts with a dot. The example shop in `policies/` uses
nearly all of it. How a change is put in force: [changing the policies](changing-policies.md)."""
FILES = (
    forms.ControllerFile,
    forms.IdentityFile,
    forms.PurposesFile,
    forms.SitesFile,
    forms.RecipientsFile,
    forms.ChannelsFile,
    forms.JourneyFile,
    forms.PersonasFile,
    forms.FieldsFile,
    forms.PlacementsFile,
    forms.OffersFile,
    forms.ContactFile,
    forms.RetentionFile,
    forms.NoticeForm,
)
SPOKEN: Mapping[type, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
JUDGED = {
    "text": "a text",
    "identity": "an id",
    "event": "the name of an event",
    "key": "a key",
    "country": "a country, such as IT",
    "holidays": "a calendar of public holidays, such as IT or DE-BY",
    "language": "a language, such as it",
    "origin": "an origin, such as https://shop.example",
    "endpoint": "an address, https://…",
    "public_key": "an Ed25519 public key, whpk_…",
    "time_zone": "a time zone, such as Europe/Rome",
    "span": "hours, such as 08:00-21:00",
    "local": "a date, or a date with a time",
}


def policies_document() -> str:
    """docs/policies.md."""
    return document("Policies, key by key", ABOUT, *(part for form in FILES for part in _file(form)))


def _file(form: type[Struct]) -> Iterator[str]:
    name, said = _told(form)
    yield f"## {name}"
    yield said
    yield from _keys(form)


def _keys(form: type[Struct]) -> Iterator[str]:
    """The keys of a form, then those of the forms inside it."""
    hints = get_type_hints(form, include_extras=True)
    inside = {field.name: inner for field in fields(form) if (inner := _inner(hints[field.name]))}
    rows = [_row(field, hints[field.name]) for field in fields(form) if field.name not in inside]
    if rows:
        yield table(["key", "holds", "without it"], rows)
    for inner in inside.values():
        name, said = _told(inner)
        yield f"### {name}"
        yield said
        yield from _keys(inner)


def _told(form: type[Struct]) -> tuple[str, str]:
    """The heading that a form's docstring begins with, and what it says."""
    name, _, said = " ".join((form.__doc__ or "").split()).partition(": ")
    if not said:
        name, said = "notices/&lt;id&gt;/&lt;version&gt;.&lt;language&gt;.md", name
    return name.replace("<id>", "&lt;id&gt;") if "`" not in name else name, said[0].upper() + said[1:]


def _inner(wanted: Any) -> type[Struct] | None:
    """The form inside a table or list of forms."""
    plain, _ = apart(wanted)
    inner = apart(get_args(plain)[-1])[0] if get_origin(plain) is Mapping else plain
    inner = apart(get_args(plain)[0])[0] if get_origin(plain) is tuple else inner
    return inner if isinstance(inner, type) and issubclass(inner, Struct) else None


def _row(field: FieldInfo, wanted: Any) -> list[str]:
    return [f"`{field.encode_name.replace('_', '-')}`", _holds(wanted), _default(field)]


def _holds(wanted: Any) -> str:
    plain, marks = apart(wanted)
    if marks:
        return _marked(plain, marks[0])
    match get_origin(plain):
        case origin if origin is Literal:
            return "one of " + ", ".join(f"`{value}`" for value in get_args(plain))
        case origin if origin is tuple:
            return f"a list, each {_holds(get_args(plain)[0])}"
        case origin if origin is Mapping:
            keys, items = get_args(plain)
            return f"for {_holds(keys)}: {_holds(items)}"
        case _:
            return "a date" if plain is date else SPOKEN[plain]


def _marked(plain: type, mark: object) -> str:
    match mark:
        case Names(kind=kind):
            return f"the id of {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        case Judged(by=by):
            return JUDGED.get(by.__name__) or _limits(plain, mark)
        case _:
            return "a text in each language of the sites"


def _limits(plain: type, mark: Judged) -> str:
    """What is said of a number that is out of reach says what is within."""
    told = re.sub(r"^must be ", "", mark.by(float("-inf")) or "")
    return f"{SPOKEN[plain]} {told}"


def _default(field: FieldInfo) -> str:
    if field.default is NODEFAULT and field.default_factory is NODEFAULT:
        return "refused"
    value = field.default_factory() if field.default is NODEFAULT else field.default
    if value is None:
        return "none"
    if value in ((), {}):
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
