"""Gathering for one package: each subject, then whoever is named and not known."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from service.decisioning.explanation.names import names_in
from service.kernel.database import Connection
from service.kernel.datamap import DataMap, Person
from service.rights import store
from service.rights.package.beside import Beside
from service.rights.package.gather import Open, by_lookup, by_request, everything, gather
from service.rights.package.insights import insights
from service.rights.package.portability import under_consent_or_contract
from service.rights.package.preface import Said
from service.rights.package.spool import Spool
from service.subjects import store as subjects_store


class Gathering:
    """Puts rows aside; with what stands beside them for access, and only what people may take along for portability."""

    def __init__(
        self, connection: Connection, said: Said, opened: Open, spool: Spool, beside: Beside | None = None
    ) -> None:
        self._connection = connection
        self._said = said
        self._opened = opened
        self._spool = spool
        self.beside = beside

    async def subject(self, subject_id: UUID) -> None:
        """Everything of a subject, and what is worked out about them."""
        person = Person(subject_id, await subjects_store.lookups_of(self._connection, subject_id))
        of_requests = by_request(self._said.datamap)
        others = tuple(table for table in self._said.datamap.tables if table not in of_requests.tables)
        await self._gather(DataMap(tables=others), person, subject_id)
        for request_id in await store.only_of(self._connection, person.lookups):
            await self._gather(of_requests, Person(request_id, ()), subject_id)
        if self.beside:
            names = names_in(self._said.bundle, "", self._said.request.language)
            told = await insights(self._connection, names, subject_id, self._said.created_at)
            for table, rows in told.items():
                self._spool.put(str(subject_id), table, rows)

    async def strangers(self, lookups: Sequence[bytes]) -> None:
        """What names identifiers of which no subject is known."""
        if lookups:
            nobody = Person(self._said.request.request_id, lookups)
            await self._gather(by_lookup(self._said.datamap), nobody, None)

    async def _gather(self, datamap: DataMap, person: Person, subject_id: UUID | None) -> None:
        only = everything if self.beside else partial(under_consent_or_contract, self._said.bundle)
        await gather(self._connection, datamap, person, subject_id, self._opened, self._spool, self.beside, only)
