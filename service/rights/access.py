"""Access (Art. 15): gather every tagged column of every subject named, at one moment, then write it as it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap, Person
from service.kernel.problem import Unavailable
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.rights import store
from service.rights.model import PackageMissing, PackageServed, RequestNotReady, RightsRequest
from service.rights.package import archive
from service.rights.package.gather import by_lookup, gather
from service.rights.package.preface import Preface, preface
from service.rights.package.spool import Spool
from service.rights.rules import Fetching, fetching, found
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.keys.model import Seals


class Access:
    """Serves whoever a request names."""

    def __init__(self, *, database: Database, policy: ActivePolicy, subjects: Subjects, datamap: DataMap) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._datamap = datamap

    async def package(self, request_id: UUID, moment: Moment) -> AsyncGenerator[bytes, None]:
        """The pieces of a zip file, once everything has been put aside; the last one completes the request.

        Raises `PackageMissing` for another right, `RequestNotReady` before it is approved, `PackageServed` afterwards.
        """
        spool, bundle = Spool(), self._policy.current

        async def read(connection: Connection) -> Preface:
            request = found(await store.request(connection, request_id))
            _refuse_unready(request)
            return await self._gather(connection, request, bundle, spool, moment)

        try:
            beginning = await self._database.at_one_moment(read)
        except BaseException:
            spool.close()
            raise
        return self._sent(request_id, moment, archive.pieces(beginning, spool), spool)

    async def _gather(
        self, connection: Connection, request: RightsRequest, bundle: Bundle, spool: Spool, moment: Moment
    ) -> Preface:
        """Put aside every row, each subject once; returns what the package says before it.

        No lock is held: whoever was erased before this moment is not in it, and whoever is erased meanwhile is whole.
        An identifier covers its own subject; one that it is linked to only where that one is named too (Art. 15(4)).
        """
        now, led_to = await subjects_store.confirm(connection, request.lookups)
        subjects = {lookup: led.home for lookup, led in led_to.items()}
        opened = (await self._seals(set(subjects.values()))).open
        spool.restart()
        for subject_id in sorted(set(subjects.values())):
            person = Person(subject_id, await subjects_store.lookups_of(connection, subject_id))
            await gather(connection, self._datamap, person, subject_id, opened, spool)
        if strangers := [lookup for lookup in request.lookups if lookup not in subjects]:
            nobody = Person(request.request_id, strangers)
            await gather(connection, by_lookup(self._datamap), nobody, None, opened, spool)
        return preface(request, bundle, self._datamap, moment.override or now, nothing_held=not subjects)

    async def _seals(self, subjects: Collection[UUID]) -> Seals:
        """What opens everything of these subjects; raises `Unavailable` where one has been erased meanwhile."""
        seals = await self._subjects.keys.seals(subjects)
        if any(subject not in seals for subject in subjects):
            raise Unavailable("Something was erased while this was gathered; ask again.")
        return seals

    async def _sent(
        self, request_id: UUID, moment: Moment, pieces: Iterator[bytes], spool: Spool
    ) -> AsyncGenerator[bytes, None]:
        """The pieces as they are made, which is work for another thread.

        The last one, without which the others are no zip file, goes out once the request is completed: of several who
        fetch at once one gets it, and a download that breaks off before has served nobody.
        """
        held = b""
        try:
            while piece := await asyncio.to_thread(next, pieces, b""):
                if held:
                    yield held
                held = piece
        finally:
            spool.close()
        await self._database.run("rights.serve", partial(_complete, request_id=request_id, at=moment.override))
        yield held


async def _complete(connection: Connection, request_id: UUID, at: datetime | None) -> None:
    """Close a request that was served just now; raises `PackageServed` for who comes second."""
    _refuse_unready(found(await store.locked(connection, request_id)))
    await store.serve(connection, request_id, at)


def _refuse_unready(request: RightsRequest) -> None:
    match fetching(request):
        case Fetching.NEVER:
            raise PackageMissing("Only a request for access has one.")
        case Fetching.NOT_APPROVED:
            raise RequestNotReady("Approve it first: POST …/approve.")
        case Fetching.SERVED:
            raise PackageServed("What is held may have changed since: file a new request for another package.")
        case Fetching.READY:
            pass
