"""The nouns of verification by code."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Problem
from service.rights.model import FreeText

DIGITS = 8
CodeText = Annotated[str, Meta(pattern=rf"^[0-9]{{{DIGITS}}}$")]


class Proving(Struct, frozen=True, forbid_unknown_fields=True):
    """The code that came to one of the identifiers; or, of an officer, how they know that it is the person."""

    code: CodeText | None = None
    note: FreeText | None = None

    def __repr__(self) -> str:
        return "Proving(…)"


class Code(Struct, frozen=True):
    """What is kept of a code: which identifier it proves, where it went, and its keyed hash."""

    code_id: UUID
    lookups: Sequence[bytes]
    address: bytes
    code_hash: bytes
    expires_at: datetime


class CodeRefused(Problem):
    """The code does not verify this rights request."""

    slug = "code-refused"
    status = 422


class CodesExhausted(Problem):
    """The rights request takes no more codes."""

    slug = "codes-exhausted"
    status = 409
