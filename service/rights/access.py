"""Access (Art. 15) and portability (Art. 20): gather at one moment, then write what was gathered as it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from service.decisioning.explanation.commands import ExplanationDesk
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap
from service.kernel.problem import Unavailable
from service.ledger import store as ledger
from service.policy.commands import ActivePolicy, Archive
from service.rights import store
from service.rights.model import PackageMissing, PackageServed, RequestNotReady, RequestSettled, RightsRequest, State
from service.rights.moving import move
from service.rights.package import archive
from service.rights.package.beside import Beside
from service.rights.package.gathering import Gathering
from service.rights.package.portability import portable
from service.rights.package.preface import Cover, NoticeShown, Preface, Said, language_of
from service.rights.package.spool import Spool
from service.rights.rules import Fetching, fetching, found
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.keys.model import Seals

PORTABILITY_RIGHT = "portability"


class Access:
    """Serves whoever a request names."""

    def __init__(
        self,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        datamap: DataMap,
        explanations: ExplanationDesk,
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._datamap = datamap
        self._explanations = explanations
        self._archive = Archive(database)

    async def package(self, request_id: UUID, moment: Moment) -> AsyncGenerator[bytes, None]:
        """The pieces of a zip file, once everything has been put aside; the last one completes the request.

        Raises `PackageMissing` for another right, `RequestNotReady` before it is approved, `PackageServed` afterwards.
        """
        spool = Spool()

        async def read(connection: Connection) -> tuple[Cover, Beside | None]:
            request = found(await store.request(connection, request_id))
            _refuse_unready(request)
            return await self._gather(connection, request, spool, moment)

        try:
            cover, beside = await self._database.at_one_moment(read)
            if isinstance(cover, Preface) and beside:
                cover = replace(cover, notices=await self._notices(beside))
        except BaseException:
            spool.close()
            raise
        return self._sent(request_id, self._policy.current.digest, moment, archive.pieces(cover, spool), spool)

    async def _gather(
        self, connection: Connection, request: RightsRequest, spool: Spool, moment: Moment
    ) -> tuple[Cover, Beside | None]:
        """Put aside every row, each subject once; returns what the package says before it.

        No lock is held: whoever was erased before this moment is not in it, and whoever is erased meanwhile is whole.
        An identifier covers its own subject; one that it is linked to only where that one is named too (Art. 15(4)).
        """
        now, led_to = await subjects_store.confirm(connection, request.lookups)
        subjects = {lookup: led.home for lookup, led in led_to.items()}
        opened = (await self._seals(set(subjects.values()))).open
        created_at, bundle = moment.override or now, self._policy.current
        spool.restart()
        if str(request.right.value) == PORTABILITY_RIGHT:
            said = Said(request, bundle, portable(self._datamap), created_at, nothing_held=not subjects)
            gathering = Gathering(connection, said, opened, spool)
            cover = said.cover()
        else:
            said = Said(request, bundle, self._datamap, created_at, nothing_held=not subjects)
            checkpoint = await ledger.last(connection)
            beside = Beside(self._explanations, checkpoint, language_of(request.language), created_at)
            gathering = Gathering(connection, said, opened, spool, beside)
            cover = said.preface(checkpoint.note if checkpoint else None)
        for subject_id in sorted(set(subjects.values())):
            await gathering.subject(subject_id)
        await gathering.strangers([lookup for lookup in request.lookups if lookup not in subjects])
        return cover, gathering.beside

    async def _seals(self, subjects: Collection[UUID]) -> Seals:
        """What opens everything of these subjects; raises `Unavailable` where one has been erased meanwhile."""
        seals = await self._subjects.keys.seals(subjects)
        if any(subject not in seals for subject in subjects):
            raise Unavailable("Something was erased while this was gathered; ask again.")
        return seals

    async def _notices(self, beside: Beside) -> list[NoticeShown]:
        """The texts that entries name, word for word (Art. 7(1))."""
        told: list[NoticeShown] = []
        for shown in beside.texts.values():
            if one := await self._archive.shown(shown.site, shown.edition):
                _, notice = one
                told.append(NoticeShown(notice.id, notice.version, notice.language, notice.sha256, notice.text))
        return told

    async def _sent(
        self, request_id: UUID, bundle: str, moment: Moment, pieces: Iterator[bytes], spool: Spool
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
        complete = partial(_complete, request_id=request_id, bundle=bundle, at=moment.override)
        await self._database.run("rights.serve", complete)
        yield held


async def _complete(connection: Connection, request_id: UUID, bundle: str, at: datetime | None) -> None:
    """Close a request that was served just now; raises `PackageServed` for who comes second."""
    request = found(await store.locked(connection, request_id))
    _refuse_unready(request)
    await move(connection, request, State.COMPLETED, bundle, at=at)


def _refuse_unready(request: RightsRequest) -> None:
    match fetching(request):
        case Fetching.NEVER:
            raise PackageMissing("Only a request for access or portability has one.")
        case Fetching.NOT_APPROVED:
            raise RequestNotReady("Approve it first: POST …/approve.")
        case Fetching.SERVED:
            raise PackageServed("What is held may have changed since: file a new request for another package.")
        case Fetching.ENDED:
            raise RequestSettled("It ended without one; file a new request.")
        case Fetching.READY:
            pass
