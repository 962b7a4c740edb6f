"""What two bundles say differently: which things came, went or changed, and what of them, from what to what."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from enum import Enum
from typing import Literal, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.policy.expression import Rule
from service.policy.model import Bundle, TouchpointRule, Weight
from service.policy.notice import Notice

Change = Literal["added", "removed", "changed"]
Plain = str | int | float | bool | Sequence[str] | None
"""A value as it is shown; None is nothing at all."""

SETTINGS = "settings"
"""What stands for itself in a bundle: defaults, and the order of what has one."""
FOLLOWS = frozenset({"id", "text"})
"""What needs no telling: a thing's own name, and the words of a text, whose hash tells them apart."""


class Part(Struct, frozen=True):
    """A part of a thing that changed: where it stands (`title.en`), what it was and is."""

    path: str
    old: Plain
    new: Plain


class Difference(Struct, frozen=True):
    """A thing that came, went or changed: what kind of thing (`offer`), which, and what of it."""

    kind: str
    id: str
    change: Change
    parts: tuple[Part, ...] = ()


KINDS: Mapping[str, Callable[[Bundle], Mapping[str, object]]] = {
    "controller": lambda bundle: {"": bundle.controller},
    "purpose": lambda bundle: bundle.purposes,
    "notice": lambda bundle: {_notice(text): text for texts in bundle.notices.values() for text in texts},
    "site": lambda bundle: bundle.sites,
    "recipient": lambda bundle: bundle.recipients,
    "identifier": lambda bundle: bundle.identifier_kinds,
    "channel": lambda bundle: bundle.channels,
    "journey": lambda bundle: bundle.journeys,
    "field": lambda bundle: bundle.fields,
    "persona": lambda bundle: bundle.personas,
    "placement": lambda bundle: bundle.placements,
    "offer": lambda bundle: bundle.offers,
    "calendar": lambda bundle: bundle.contact.calendars,
    "group": lambda bundle: bundle.contact.groups,
    "cap": lambda bundle: bundle.contact.caps,
    "contact": lambda bundle: {"": replace(bundle.contact, calendars={}, groups={}, caps={})},
    "retention": lambda bundle: {"": bundle.retention},
    SETTINGS: lambda bundle: {"": _settings(bundle)},
}


def differences(old: Bundle, new: Bundle) -> list[Difference]:
    """Everything that the new bundle says otherwise, by kind in the order of `KINDS`, then by name."""
    found: list[Difference] = []
    for kind, of in KINDS.items():
        before, after = of(old), of(new)
        for name in sorted(before.keys() | after.keys()):
            if name not in before or name not in after:
                found.append(Difference(kind, name, "added" if name in after else "removed"))
            elif parts := tuple(_parts("", before[name], after[name])):
                found.append(Difference(kind, name, "changed", parts))
    return found


def _notice(text: Notice) -> str:
    return f"{text.id} {text.version} {text.language}"


def _settings(bundle: Bundle) -> Mapping[str, object]:
    return {
        "default-journey": bundle.default_journey,
        "adopt-anonymous-grants": bundle.adopt_anonymous_grants,
        "order-of-personas": tuple(bundle.personas),
    }


def _parts(path: str, old: object, new: object) -> Iterator[Part]:
    """The leaves below a place that are not the same."""
    if old == new:
        return
    before, after = _inside(old, new), _inside(new, old)
    if before is None or after is None:
        yield Part(path, _plain(old), _plain(new))
        return
    for name in dict.fromkeys([*before, *after]):
        yield from _parts(f"{path}.{name}" if path else name, before.get(name), after.get(name))
    if isinstance(old, tuple) and before.keys() == after.keys() and list(before) != list(after):
        yield Part(f"{path}.order", list(before), list(after))


def _inside(value: object, other: object = ()) -> Mapping[str, object] | None:
    """What a value is made of, by name; None for one that is told as a whole, as the `other` is."""
    if isinstance(value, Struct):
        names = (name for name in value.__struct_fields__ if name not in FOLLOWS)
        return {name.replace("_", "-"): getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value)
    if _listed(value) or (value == () and _listed(other)):
        return {_name(item): item for item in cast("tuple[object, ...]", value)}
    return None


def _listed(value: object) -> bool:
    """Whether a value is a list of things, which are told one by one."""
    return isinstance(value, tuple) and any(isinstance(item, Struct) for item in cast("tuple[object, ...]", value))


def _name(item: object) -> str:
    """What tells the items of a list apart."""
    match item:
        case TouchpointRule():
            return f"{item.event} on {item.channel}" if item.channel else item.event
        case Weight():
            return item.rule.source
        case _:
            return str(getattr(item, "id", item))


def _plain(value: object) -> Plain:
    """A value as it is shown."""
    match value:
        case None | str() | int() | float():
            return value
        case Enum():
            return str(value.value)
        case Rule():
            return value.source
        case Set() | tuple():
            items = [_words(item) for item in cast("Iterable[object]", value)]
            return sorted(items) if isinstance(value, Set) else items
        case _ if inside := _inside(value):
            return [f"{name}: {_words(part)}" for name, part in inside.items() if part is not None]
        case _:
            return str(value)


def _words(value: object) -> str:
    shown = _plain(value)
    if isinstance(shown, list):
        return " to ".join(shown)  # a span of hours
    return shown if isinstance(shown, str) else msgspec.json.encode(shown).decode()
