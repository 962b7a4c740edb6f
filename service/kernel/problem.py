"""Everything that can go wrong for a caller, as RFC 9457 problems in one closed registry.

A domain adds its own by subclassing `Problem` in its `model.py`. A detail is written by us: it names the place and the
remedy and never repeats what the caller sent, which may be an identifier.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec import Struct

TYPE_PREFIX = "https://placet.example/problems/"
MEDIA_TYPE = "application/problem+json"
MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "errors"})

_registry: dict[str, type["Problem"]] = {}


class Fault(Struct, frozen=True):
    """One thing that is wrong with a request: where, and what would be right."""

    path: str
    message: str


class Problem(Exception):
    """Something went wrong."""

    slug: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Enter the class in the registry; raises `TypeError` for a slug that is taken or an incomplete class."""
        super().__init_subclass__()
        lines = (cls.__dict__.get("__doc__") or "").strip().splitlines()
        if not lines or not {"slug", "status"} <= cls.__dict__.keys():
            raise TypeError(f"{cls.__qualname__} needs a slug, a status and a docstring, whose first line is its title")
        if cls.slug in _registry:
            raise TypeError(f"the slug {cls.slug} of {cls.__qualname__} is that of {_registry[cls.slug].__qualname__}")
        cls.title = lines[0].strip().removesuffix(".")
        _registry[cls.slug] = cls

    def __init__(
        self,
        detail: str = "",
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        """A problem with what is particular to this occurrence; `extra` are members beside those of RFC 9457."""
        super().__init__(detail)
        if taken := MEMBERS.intersection(extra or ()):
            raise ValueError(f"extra members of a problem cannot replace {', '.join(sorted(taken))}")
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    @classmethod
    def type_uri(cls) -> str:
        """The address that names this kind of problem for ever."""
        return TYPE_PREFIX + cls.slug

    def document(self, instance: str | None = None) -> dict[str, object]:
        """The problem as RFC 9457 writes it; `instance` names the request in which it happened."""
        document: dict[str, object] = {"type": self.type_uri(), "title": self.title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if instance is not None:
            document["instance"] = instance
        if self.faults:
            document["errors"] = [{"path": fault.path, "message": fault.message} for fault in self.faults]
        return document | self.extra


def registry() -> Mapping[str, type[Problem]]:
    """Every kind of problem that the loaded code knows, by slug."""
    return dict(_registry)


class MalformedBody(Problem):
    """The body is not well-formed JSON."""

    slug = "malformed-body"
    status = 400


class MalformedRequest(Problem):
    """The request cannot be read."""

    slug = "malformed-request"
    status = 400


class Unauthenticated(Problem):
    """A valid credential is needed."""

    slug = "unauthenticated"
    status = 401

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        """The problem with the challenge that RFC 9110 asks for."""
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"} | dict(headers or {}))


class Forbidden(Problem):
    """This credential may not do this."""

    slug = "forbidden"
    status = 403


class LoginStale(Problem):
    """The login is too long ago for this."""

    slug = "login-stale"
    status = 403


class NotFound(Problem):
    """There is nothing here."""

    slug = "not-found"
    status = 404


class MethodNotAllowed(Problem):
    """This address does not answer to this method."""

    slug = "method-not-allowed"
    status = 405


class RequestTimeout(Problem):
    """The body took too long to arrive."""

    slug = "request-timeout"
    status = 408

    def __init__(self, detail: str = "") -> None:
        """The problem, after which the connection closes (RFC 9110, 15.5.9)."""
        super().__init__(detail, headers={"Connection": "close"})


class IdempotencyConflict(Problem):
    """This Idempotency-Key was used with another body."""

    slug = "idempotency-conflict"
    status = 409


class PayloadTooLarge(Problem):
    """The body is too large."""

    slug = "payload-too-large"
    status = 413


class UnsupportedMediaType(Problem):
    """The body must be JSON."""

    slug = "unsupported-media-type"
    status = 415


class InvalidBody(Problem):
    """The request does not have the expected form."""

    slug = "invalid-body"
    status = 422


class TooManyRequests(Problem):
    """Too many requests in a short time."""

    slug = "too-many-requests"
    status = 429

    def __init__(self, detail: str = "", *, retry_after_seconds: int = 1) -> None:
        """The problem with the time after which asking again makes sense."""
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class InternalError(Problem):
    """Something went wrong on our side."""

    slug = "internal-error"
    status = 500


class Unavailable(Problem):
    """The service cannot answer now."""

    slug = "unavailable"
    status = 503

    def __init__(
        self, detail: str = "", *, retry_after_seconds: int = 1, extra: Mapping[str, object] | None = None
    ) -> None:
        """The problem with the time after which asking again makes sense."""
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)}, extra=extra)
