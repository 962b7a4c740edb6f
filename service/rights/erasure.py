"""An erasure (Art. 17) in the caller's transaction: lock, tombstone, delete by column tag, entry, certificate."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from service.consent.changes.commands import Farewells
from service.consent.linking.writing import release
from service.decisioning.learning import arms
from service.kernel.crypto import Signer, to_text
from service.kernel.database import Connection
from service.kernel.datamap import DataMap, Person
from service.kernel.ids import new_id
from service.kernel.problem import Unavailable
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.rights import certificate, store
from service.rights.certificate import Erased
from service.rights.model import RightsRequest, State
from service.rights.moving import move
from service.rights.package.gather import by_lookup
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.keys import store as keys_store
from service.subjects.keys.model import Promises

ERASURE = "erasure"


class Erasure:
    """Erases whoever a request names, and certifies it."""

    def __init__(
        self, *, subjects: Subjects, datamap: DataMap, signer: Signer, issuer: str, promises: Promises
    ) -> None:
        self._subjects = subjects
        self._farewells = Farewells(subjects)
        self._datamap = datamap
        self._signer = signer
        self._issuer = issuer
        self._promises = promises

    async def epoch_ends(self, now: datetime) -> datetime | None:
        """When what is shredded now is dead in backups of the keyring; None where nobody knows."""
        try:
            return self._promises.epoch_ends(await keys_store.epochs(self._subjects.keys.database), now)
        except Unavailable:
            return None

    async def run(
        self,
        connection: Connection,
        request: RightsRequest,
        bundle: str,
        at: datetime | None,
        epoch_ends: datetime | None,
    ) -> set[UUID]:
        """Erase every subject whose own the request's lookups are and close it; returns who is to be shredded.

        An identifier that is linked to somebody covers its own subject, and them only where they are named too. The
        caller holds the request's row.
        """
        entered = await self._subjects.enter(connection, request.lookups, at=at)
        erased_at = entered.recorded_at
        persons = [
            Person(subject_id, await subjects_store.lookups_of(connection, subject_id))
            for subject_id in sorted(set(entered.homes.values()))
        ]
        await arms.subtract(connection, [person.subject_id for person in persons])
        strangers = [lookup for lookup in request.lookups if lookup not in entered.homes]
        await store.empty(connection, request.request_id)
        await store.let_go(connection, [*strangers, *(lookup for person in persons for lookup in person.lookups)])
        erased = [await self._erase(connection, request.request_id, person, bundle, erased_at) for person in persons]
        others = await self._forget(connection, request.request_id, strangers)
        claims = certificate.claims(
            issuer=self._issuer,
            request_id=request.request_id,
            erased_at=erased_at,
            backups_clear_at=self._promises.backups_clear_at(epoch_ends, erased_at),
            erased=erased,
            others=others,
            bundle=bundle,
        )
        signed = self._signer.sign(claims, certificate.ISSUED)
        await store.certify(connection, request.request_id, signed)
        await move(connection, request, State.COMPLETED, bundle, at=erased_at)
        return {person.subject_id for person in persons}

    async def _erase(
        self, connection: Connection, request_id: UUID, person: Person, bundle: str, erased_at: datetime
    ) -> Erased:
        """Set the tombstone, then delete. The entry lists what it emptied: nothing else can be emptied unseen.

        A browser that is linked to the person goes home first: its own subject is somebody else until they say so too.
        """
        await release(connection, person.subject_id, erased_at, bundle)
        emptied = await store.commitments(connection, person.subject_id)
        await subjects_store.entomb(connection, person.subject_id)
        rows = await self._datamap.erase(connection, person)
        facts = {
            "request_id": str(request_id),
            "emptied": [to_text(commitment) for commitment in emptied],
            "bundle": bundle,
        }
        entry = ledger_rules.entry(ERASURE, person.subject_id, new_id(), erased_at, erased_at, facts)
        await ledger.append(connection, [entry])
        await self._farewells.bid(connection, person.subject_id, entry.entry_id, erased_at)
        return Erased(entry_id=entry.entry_id, rows=rows)

    async def _forget(self, connection: Connection, request_id: UUID, strangers: Sequence[bytes]) -> Mapping[str, int]:
        """Empty other requests that name an identifier of which no subject is known."""
        if not strangers:
            return {}
        return await by_lookup(self._datamap).erase(connection, Person(request_id, strangers))
