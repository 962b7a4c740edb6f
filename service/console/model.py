"""The nouns of the console."""

from typing import Annotated

from msgspec import Meta, Struct


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to come in, by their token."""

    token: Annotated[str, Meta(min_length=1, max_length=500)]

    def __repr__(self) -> str:
        return "Login(…)"
