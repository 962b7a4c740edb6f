"""The same key and body return the first answer (API.md); the claim, the work and the answer are one transaction."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import HeaderParameter
from msgspec import Struct

from service.kernel.auth import Principal
from service.kernel.crypto import Hasher, Sealer, same
from service.kernel.database import Connection
from service.kernel.problem import Fault, IdempotencyConflict, InvalidBody
from service.kernel.queries import load

QUERIES = load(__package__)

LONGEST_KEY = 200
IdempotencyHeader = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", schema_extra={"min_length": 1, "max_length": LONGEST_KEY}),
]
"""What makes a repeated write the same write."""
NOBODY = UUID(int=0)
PLACE = (b"idempotency", b"answer")


class Claim(Struct, frozen=True):
    """A caller's Idempotency-Key, hashed for that caller and visitor, and what it was sent with."""

    key_hash: bytes
    body_mac: bytes


class Answers:
    """Answers already given, sealed, for 24 hours."""

    def __init__(self, tokens: Hasher, sealer: Sealer) -> None:
        self._tokens = tokens
        self._sealer = sealer

    def claim(
        self, caller: Principal, key: str | None, operation: str, body: Struct, whose: Iterable[bytes]
    ) -> Claim | None:
        """What a request with this key claims, None without a key; raises `InvalidBody` for one of a wrong length.

        `whose` are the names of whom it is about, in whatever words the body says that, or in none.
        The visitors of a site share its publishable key: each has keys of their own, by the names they act for.
        """
        if key is None:
            return None
        if not 1 <= len(key) <= LONGEST_KEY:
            fault = Fault("header.idempotency-key", f"must have 1 to {LONGEST_KEY} characters")
            raise InvalidBody("A header does not have the expected form.", faults=[fault])
        content, named = msgspec.json.encode(body), sorted(set(whose))
        visitor = named if caller.kind == "browser" else []
        return Claim(
            key_hash=self._tokens.hash(b"idempotency-key", caller.principal_id.encode(), key.encode(), *visitor),
            body_mac=self._tokens.hash(b"idempotency-body", operation.encode(), content, *named),
        )

    async def earlier(
        self, connection: Connection, claims: Sequence[Claim]
    ) -> dict[bytes, bytes | IdempotencyConflict]:
        """Step 1: claim keys; for each that was used before, its answer, or the conflict with another body."""
        macs = {claim.key_hash: claim.body_mac for claim in claims}
        hashes = sorted(macs)
        if not hashes:
            return {}
        claimed = {row[0] for row in await connection.fetch(QUERIES["claim"], hashes, [macs[h] for h in hashes])}
        used = [h for h in hashes if h not in claimed]
        rows = await connection.fetch(QUERIES["answers"], used) if used else []
        return {
            row["key_hash"]: self._answer(row["body_mac"], macs[row["key_hash"]], row["answer"], row["subject_id"])
            for row in rows
        }

    def _answer(
        self, first: bytes, now: bytes, sealed: bytes | None, subject_id: UUID | None
    ) -> bytes | IdempotencyConflict:
        if not same(first, now):
            return IdempotencyConflict("This Idempotency-Key was used with another request; use a new one.")
        if sealed is None:
            gone = "What was answered under this Idempotency-Key has been erased; something new needs a new key."
            return IdempotencyConflict(gone)
        return self._sealer.open(sealed, *PLACE, (subject_id or NOBODY).bytes)

    async def keep(self, connection: Connection, given: Sequence[tuple[Claim, bytes, UUID | None]]) -> None:
        """Keep the answers that this transaction gives under the keys that it claimed, and whom each is about."""
        if not given:
            return
        await connection.execute(
            QUERIES["keep_answers"],
            [claim.key_hash for claim, _, _ in given],
            [self._sealer.seal(answer, *PLACE, (about or NOBODY).bytes) for _, answer, about in given],
            [about for _, _, about in given],
        )


async def forget(connection: Connection, most: int) -> int:
    """Delete up to `most` answers older than 24 hours; returns how many there were."""
    return len(await connection.fetch(QUERIES["forget_answers"], most))
