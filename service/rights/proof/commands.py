"""The verbs of kept proofs: seal at an erasure, open together, forget when their time is over."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from service.kernel.auth import Principal
from service.kernel.crypto import Sealer, to_text
from service.kernel.database import Connection, Database
from service.kernel.datamap import Person
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.rights.proof import store
from service.rights.proof.model import Kept, Opened, Opening, Proof, ProofMissing
from service.rights.proof.rules import opens
from service.subjects import store as subjects_store

KIND = "proof_opening"
AT_ONCE = 1000


class _Sealed(Struct, frozen=True):
    erased_at: datetime
    payload: dict[str, Any]
    salt: bytes
    lookups: list[bytes]


def _place(entry_id: UUID) -> tuple[bytes, ...]:
    return b"consent_proofs", b"sealed", entry_id.bytes


async def seal(
    connection: Connection, claims: Sealer, person: Person, erased_at: datetime, keep_until: datetime
) -> list[UUID]:
    """Keep what a person's entries on consent say, sealed under the claims key; returns their ids.

    In the transaction of the erasure, before the entries are emptied; the caller holds the person's lock.
    """
    lookups = list(person.lookups)
    sealed = {
        row["entry_id"]: claims.seal(
            msgspec.json.encode(_Sealed(erased_at, row["payload"], row["salt"], lookups)), *_place(row["entry_id"])
        )
        for row in await store.consents(connection, person.subject_id)
    }
    await store.keep(connection, person.subject_id, sealed, keep_until)
    return list(sealed)


async def forget(database: Database, at: datetime | None = None) -> int:
    """Delete the proofs whose time is over (`retention.consent-proof`), batch by batch; returns how many."""
    done = 0
    while deleted := await database.run("rights.forget_proofs", lambda c: store.forget(c, at, AT_ONCE)):
        done += deleted
    return done


class ProofDesk:
    """Opens a proof to the second of two officers who ask for it, each with a reason (rule R20)."""

    def __init__(
        self, *, database: Database, claims: Sealer, seal_reason: Callable[[str, str, UUID, bytes], bytes]
    ) -> None:
        self._database = database
        self._claims = claims
        self._seal_reason = seal_reason

    async def open(self, entry_id: UUID, opening: Opening, officer: Principal) -> Opened:
        """Ask for a proof; whoever asks as the second within a day gets it. Raises `ProofMissing`."""
        officer_id = UUID(officer.principal_id)

        async def work(connection: Connection) -> tuple[Kept, bool]:
            kept = await self._locked(connection, entry_id)
            now = await store.clock(connection)
            opened = opens(kept, officer_id, now)
            await store.ask(connection, entry_id, *((None, None) if opened else (officer_id, now)))
            await self._tell(connection, kept, opening, officer_id, now, opened=opened)
            return kept, opened

        kept, opened = await self._database.run("rights.open_proof", work)
        return Opened(entry_id=entry_id, keep_until=kept.keep_until, proof=self._opened(kept) if opened else None)

    async def _locked(self, connection: Connection, entry_id: UUID) -> Kept:
        """The proof, with its subject's lock held."""
        if (kept := await store.proof(connection, entry_id)) is not None:
            await subjects_store.lock(connection, [kept.subject_id])
            kept = await store.proof(connection, entry_id)
        if kept is None:
            raise ProofMissing("It was never erased, or its time is over (retention.consent-proof).")
        return kept

    async def _tell(
        self, connection: Connection, kept: Kept, opening: Opening, officer_id: UUID, now: datetime, *, opened: bool
    ) -> None:
        """Every asking is an entry of the ledger; the reason is committed to, and stands in it sealed."""
        reason = opening.reason.encode()
        sealed = self._seal_reason("ledger_entries", "evidence", kept.subject_id, reason)
        facts = {"proof": str(kept.entry_id), "officer": str(officer_id), "opened": opened}
        entry = ledger_rules.entry(KIND, kept.subject_id, new_id(), now, now, facts, (reason, sealed))
        await ledger.append(connection, [entry])

    def _opened(self, kept: Kept) -> Proof:
        found = msgspec.json.decode(self._claims.open(kept.sealed, *_place(kept.entry_id)), type=_Sealed)
        return Proof(
            erased_at=found.erased_at,
            payload=found.payload,
            salt=to_text(found.salt),
            lookups=[to_text(lookup) for lookup in found.lookups],
        )
