"""The clock, the one thing that is injected. In development a server may set the clock of one request (API.md)."""

from datetime import UTC, datetime
from typing import Any

from litestar.connection import ASGIConnection
from msgspec import Struct, ValidationError, convert

from service.kernel.body import Instant, within_reach
from service.kernel.headers import values
from service.kernel.problem import Fault, Forbidden, InvalidBody

HEADER = b"placet-now"


class Moment(Struct, frozen=True):
    """When a request happens: `now` in UTC; `override` is the same time where the caller chose it, else None."""

    now: datetime
    override: datetime | None = None


def system_now() -> datetime:
    """The time of this machine, in UTC."""
    return datetime.now(UTC)


def moment_of(request: ASGIConnection[Any, Any, Any, Any], allowed: bool) -> Moment:
    """The moment of a request, which `Placet-Now` sets where it is `allowed` (development, and a secret key).

    Raises `Forbidden` for the header where it is not allowed (ignoring it would falsify a replay in silence) and
    `InvalidBody` for one that is not a single time as RFC 3339 writes it, with its offset.
    """
    given = values(request.scope, HEADER)
    if not given:
        return Moment(now=system_now())
    if not allowed:
        raise Forbidden("`Placet-Now` works in development and with a secret key only; leave it out.")
    try:
        (text,) = given
        chosen = convert(text, type=Instant)
    except (ValueError, ValidationError):
        raise _malformed() from None
    if not within_reach(chosen):
        raise _malformed()
    now = chosen.astimezone(UTC)
    return Moment(now=now, override=now)


def _malformed() -> InvalidBody:
    fault = Fault("header.placet-now", "must be one RFC 3339 time with an offset, of the years 1900 to 2999")
    return InvalidBody("A header does not have the expected form.", faults=[fault])
