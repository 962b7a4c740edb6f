"""What single values of a bundle may be, in words."""

import base64
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import phonenumbers
from holidays import list_supported_countries
from msgspec import Struct

from service.policy.load.words import LANGUAGES

Judge = Callable[[Any], str | None]
"""What is wrong with a value, as a sentence; None where nothing is."""

_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_EVENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_ENDPOINT = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
_LONGEST_TEXT = 4000
_LOWEST_FREE_PORT, _HIGHEST_PORT = 1024, 65535
_LEFT_OUT_PORT = {"http": 80, "https": 443}
_PUBLIC, _KEY_BYTES = "whpk_", 32


class Judged(Struct, frozen=True):
    """Marks a type whose values are judged beyond their kind."""

    by: Judge


class Names(Struct, frozen=True):
    """Marks a text that names something declared elsewhere in the bundle, such as a purpose."""

    kind: str


class InLanguages(Struct, frozen=True):
    """Marks a table of the same words in each language of the sites."""


def text(value: str) -> str | None:
    """A text that says something."""
    if not value.strip():
        return "is empty; write it out"
    return f"is longer than {_LONGEST_TEXT} characters; shorten it" if len(value) > _LONGEST_TEXT else None


def identity(value: str) -> str | None:
    """The id of something."""
    if _ID.fullmatch(value):
        return None
    return "is no id; use a small letter, then small letters, digits, - and _, 64 characters at most"


def event(value: str) -> str | None:
    """The name of an event, as touchpoints carry it."""
    if _EVENT.fullmatch(value):
        return None
    return "is no name of an event; use small letters, digits, '.', - and _, 64 characters at most"


def key(value: str) -> str | None:
    """A key that something sent may carry."""
    if _KEY.fullmatch(value):
        return None
    return "is no key; use a letter, then letters, digits, '.', - and _, 64 characters at most"


def country(value: str) -> str | None:
    """A country or region of the world."""
    if value in phonenumbers.SUPPORTED_REGIONS:
        return None
    return "is no country; write its two capital letters as in ISO 3166, such as IT"


def holidays(value: str) -> str | None:
    """The calendar of public holidays of a country, or of a part of one."""
    country, _, part = value.partition("-")
    parts = list_supported_countries(include_aliases=False).get(country)
    if parts is not None and (value == country or part in parts):
        return None
    return "is no calendar of public holidays; write a country as IT, or a part of one as DE-BY (ISO 3166)"


def language(value: str) -> str | None:
    """A language that the service can write in."""
    return None if value in LANGUAGES else f"is no language that this service writes in: {', '.join(sorted(LANGUAGES))}"


def origin(value: str) -> str | None:
    """An origin as a browser sends it: scheme://host[:port]."""
    remedy = "is no origin; write scheme://host[:port] in small letters, without a path, as https://shop.example"
    if not _ORIGIN.fullmatch(value):
        return remedy
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return remedy
    if port is None:
        return None
    if not 0 < port <= _HIGHEST_PORT:
        return f"has a port that does not exist; there are 1 to {_HIGHEST_PORT}"
    if port == _LEFT_OUT_PORT[parts.scheme]:
        return f"can never match: browsers leave out :{port} with {parts.scheme}; leave it out too"
    return None


def endpoint(value: str) -> str | None:
    """An address that messages are sent to, without user, query or fragment, which would show in logs.

    Ports below 1024 belong to other protocols, which must not be spoken to in the service's name.
    """
    if not _ENDPOINT.fullmatch(value):
        return "is no endpoint; write https://host[:port]/path and nothing more"
    parts = urlsplit(value)
    default = _LEFT_OUT_PORT[parts.scheme]
    port = int(parts.netloc.partition(":")[2] or default)
    if port != default and not _LOWEST_FREE_PORT <= port <= _HIGHEST_PORT:
        return f"has a port of another protocol; use {default}, or {_LOWEST_FREE_PORT} to {_HIGHEST_PORT}"
    return None


def public_key(value: str) -> str | None:
    """An Ed25519 public key as Standard Webhooks writes it."""
    remedy = "is no public key; write whpk_ and the 32 bytes of an Ed25519 key in base64"
    try:
        raw = base64.b64decode(value.removeprefix(_PUBLIC), validate=True)
    except ValueError:
        return remedy
    return None if value.startswith(_PUBLIC) and len(raw) == _KEY_BYTES else remedy


def time_zone(value: str) -> str | None:
    """A time zone by its name in the IANA database."""
    return None if value in _time_zones() else "is no time zone; write its name in the IANA list, such as Europe/Rome"


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def span(value: str) -> str | None:
    """Some hours of a day, as `08:00-21:00`; `22:00-06:00` lasts over midnight."""
    if not _SPAN.fullmatch(value):
        return "is no span of hours; write it as 08:00-21:00, and 24:00 for the end of the day"
    first, last = value.split("-")
    return "ends when it begins; leave the hours out for all day, or mend the span" if first == last else None


def local(value: date) -> str | None:
    """A day, or a time by the clock on the wall."""
    aware = isinstance(value, datetime) and value.tzinfo is not None
    return "has a time zone of its own; leave it out, the calendar's counts" if aware else None


def between(low: float, high: float, unit: str = "") -> Judge:
    """A number in a range, its ends included."""

    def judge(value: float) -> str | None:
        return None if low <= value <= high else f"must be from {low:.12g} to {high:.12g}{unit}"

    return judge


def above_zero(high: float, unit: str = "") -> Judge:
    """A number more than zero."""

    def judge(value: float) -> str | None:
        return None if 0 < value <= high else f"must be more than 0 and at most {high:.12g}{unit}"

    return judge


def one_of(allowed: Sequence[str]) -> Judge:
    """One of a closed list of words."""

    def judge(value: str) -> str | None:
        return None if value in allowed else f"must be one of: {', '.join(allowed)}"

    return judge
