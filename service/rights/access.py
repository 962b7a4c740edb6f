"""Access (Art. 15), in the caller's transaction: lock, then gather every tagged column of every subject named."""

from datetime import datetime

from service.kernel.database import Connection
from service.kernel.datamap import DataMap, Person
from service.policy.model import Bundle
from service.rights.model import RightsRequest
from service.rights.package.gather import Spool, by_lookup, gather
from service.rights.package.preface import Preface, preface
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects


class Access:
    """Gathers what is held of whoever a request names."""

    def __init__(self, *, subjects: Subjects, datamap: DataMap) -> None:
        self._subjects = subjects
        self._datamap = datamap

    async def gather(
        self, connection: Connection, request: RightsRequest, bundle: Bundle, spool: Spool, at: datetime | None
    ) -> Preface:
        """Put aside every row, each subject once, under their shared locks; returns what the package says before it.

        An identifier covers its own subject; one that it is linked to only where that one is named too (Art. 15(4)).
        """
        entered = await self._subjects.enter(connection, request.lookups, shared=True, at=at)
        for subject_id in sorted(set(entered.homes.values())):
            person = Person(subject_id, await subjects_store.lookups_of(connection, subject_id))
            await gather(connection, self._datamap, self._subjects.open, person, subject_id, spool)
        if strangers := [lookup for lookup in request.lookups if lookup not in entered.homes]:
            nobody = Person(request.request_id, strangers)
            await gather(connection, by_lookup(self._datamap), self._subjects.open, nobody, None, spool)
        return preface(request, bundle, self._datamap, entered.recorded_at, nothing_held=not entered.homes)
