"""Headers of a request as they came; the framework builds a collection of all of them before it reads one."""

from litestar.types import Scope


def values(scope: Scope, name: bytes) -> list[str]:
    """Every value of a header, in order; `name` in lower case, as ASGI has it."""
    return [value.decode("latin-1") for sent, value in scope["headers"] if sent == name]


def first(scope: Scope, name: bytes) -> str | None:
    """The first value of a header, or None."""
    for sent, value in scope["headers"]:
        if sent == name:
            return value.decode("latin-1")
    return None
