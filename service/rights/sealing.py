"""What people write in requests is sealed, each column of each request apart."""

from collections.abc import Callable
from uuid import UUID

import msgspec
from msgspec import Struct

from service.rights.model import Verification

TABLE = "rights_requests"


class Sealing(Struct, frozen=True):
    """Seals and opens the columns of requests, by the deployment's key."""

    sealed_by: Callable[[str, str, UUID, bytes], bytes]
    opened_by: Callable[[str, str, UUID, bytes], bytes]

    def seal(self, column: str, request_id: UUID, plain: bytes | None) -> bytes | None:
        """A value as it is stored; nothing for nothing."""
        return self.sealed_by(TABLE, column, request_id, plain) if plain else None

    def required(self, column: str, request_id: UUID, plain: bytes) -> bytes:
        """The same for what is never left out."""
        return self.sealed_by(TABLE, column, request_id, plain)

    def open(self, column: str, request_id: UUID, sealed: bytes | None) -> bytes | None:
        """A value as it was written; raises `SealBroken`."""
        return self.opened_by(TABLE, column, request_id, sealed) if sealed else None

    def read(self, column: str, request_id: UUID, sealed: bytes | None) -> str | None:
        """The same for what is a text."""
        plain = self.open(column, request_id, sealed)
        return plain.decode() if plain else None

    def vouched(self, request_id: UUID, earlier: bytes | None, note: str) -> bytes:
        """That an officer knows the person, by a note; after whatever else was verified of the request before."""
        plain = self.open("verification", request_id, earlier)
        before = [msgspec.json.decode(plain, type=Verification)] if plain else []
        methods = [*(one.method for one in before), "officer"]
        notes = [*(one.note for one in before if one.note), note]
        told = Verification(method=", ".join(methods), note="\n".join(notes))
        return self.required("verification", request_id, msgspec.json.encode(told))
