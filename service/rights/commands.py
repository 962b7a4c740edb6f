"""The verbs of rights: file, verify, approve, erase, give access, certify."""

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from service.kernel.auth import Principal
from service.kernel.body import within_reach
from service.kernel.clock import Moment
from service.kernel.crypto import Signer, from_text, to_text
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap
from service.kernel.idempotency import Answers
from service.kernel.ids import new_id
from service.kernel.log import event
from service.kernel.problem import Fault, Forbidden, IdempotencyConflict, InvalidBody, Unavailable
from service.policy.commands import ActivePolicy
from service.rights import moving, rules, store
from service.rights.access import Access
from service.rights.erasure import Erasure
from service.rights.model import (
    ApprovalRefused,
    CertificateMissing,
    Certified,
    Filing,
    Progress,
    RequestNotReady,
    RequestOpened,
    RequestSettled,
    RequestShown,
    RequestsShown,
    Right,
    RightsRequest,
    Sealed,
    State,
    Verification,
    Vouching,
)
from service.rights.rules import Approving, found
from service.subjects import store as subjects_store
from service.subjects.commands import COOKIE, Subjects
from service.subjects.keys.commands import shred
from service.subjects.keys.model import Promises
from service.subjects.model import Lookup, SubjectMissing

TABLE = "rights_requests"


class RightsDesk:
    """Takes requests of people about their data, and serves them once they are verified and approved."""

    def __init__(
        self,
        *,
        database: Database,
        erasing: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        answers: Answers,
        signer: Signer,
        issuer: str,
        datamap: DataMap,
        access: Access,
        promises: Promises,
    ) -> None:
        self._database = database
        self._erasing = erasing
        self._policy = policy
        self._subjects = subjects
        self._answers = answers
        self._access = access
        self._erasure = Erasure(subjects=subjects, datamap=datamap, signer=signer, issuer=issuer, promises=promises)

    async def file(
        self, filing: Filing, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Progress:
        """Take a request. Whether anyone is known is not even looked up, so all answers are alike, and as fast (R4)."""
        named = self._named(filing, caller, cookie)
        vouched = _vouched(filing, caller)
        claim = self._answers.claim(caller, key, "rights", filing, [lookup.name for lookup in named])
        request_id = new_id()
        sealed = Sealed(
            details=self._seal("details", request_id, filing.details.encode()) if filing.details else None,
            verification=self._seal("verification", request_id, msgspec.json.encode(vouched)) if vouched else None,
        )

        async def work(connection: Connection) -> Progress:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=Progress)
            received_at = moment.override or await store.clock(connection)
            request = _filed(request_id, filing, named, caller, received_at, verified=vouched is not None)
            await store.file(connection, request, sealed)
            await moving.enter(connection, request, self._policy.current.digest, at=received_at)
            if claim:
                await self._answers.keep(connection, [(claim, msgspec.json.encode(request.progress), None)])
            return request.progress

        return await self._database.run("rights.file", work)

    def _named(self, filing: Filing, caller: Principal, cookie: str | None) -> list[Lookup]:
        """The lookups that a filing names, a browser's being that of its cookie."""
        if caller.kind != "browser" and not filing.identifiers:
            raise SubjectMissing("Nobody is named: say whom in `identifiers`.")
        named = filing.identifiers or [None]
        return [self._subjects.required_of(caller, identifier, cookie) for identifier in named]

    def _seal(self, column: str, request_id: UUID, plain: bytes) -> bytes:
        return self._subjects.seal(TABLE, column, request_id, plain)

    def _open(self, column: str, request_id: UUID, sealed: bytes | None) -> bytes | None:
        return self._subjects.open(TABLE, column, request_id, sealed) if sealed else None

    async def verify(self, request_id: UUID, vouching: Vouching, officer: Principal, moment: Moment) -> Progress:
        """Open a request whose person an officer knows; for one that is open already it changes nothing."""
        verification = msgspec.json.encode(Verification(method="officer", note=vouching.note))
        sealed = self._seal("verification", request_id, verification)

        async def work(connection: Connection) -> Progress:
            request = found(await store.locked(connection, request_id))
            if request.state in rules.UNVERIFIED:
                by, at = officer.principal_id, moment.override
                await store.verify(connection, request_id, request.unverified, by=by, sealed=sealed, at=at)
                verified = found(await store.request(connection, request_id))
                request = await self._move(connection, verified, State.OPEN, officer, at)
            return request.progress

        return await self._database.run("rights.verify", work)

    async def requests(
        self, state: State | None, due_before: datetime | None, after: str | None, most: int
    ) -> RequestsShown:
        """A page of requests, the most urgent first; raises `InvalidBody` for a cursor that is not one of ours."""
        place = _place(after) if after is not None else None
        found = await store.page(self._database, state, due_before, place, most + 1)
        more = len(found) > most
        last = found[most - 1] if more else None
        return RequestsShown(
            requests=[self._shown(request) for request in found[:most]],
            next=_cursor(last) if last else None,
        )

    async def request(self, request_id: UUID) -> RequestOpened:
        """One request, opened for who decides on it; raises `RequestUnknown`."""

        async def read(connection: Connection) -> tuple[RightsRequest, Sealed, int]:
            request = found(await store.request(connection, request_id))
            subjects = await subjects_store.resolve(connection, request.lookups)
            return request, await store.sealed(connection, request_id), len(set(subjects.values()))

        request, sealed, subjects = await self._database.at_one_moment(read)
        verification = self._open("verification", request_id, sealed.verification)
        details = self._open("details", request_id, sealed.details)
        return RequestOpened(
            **msgspec.structs.asdict(self._shown(request)),
            subjects=subjects,
            details=details.decode() if details else None,
            verification=msgspec.json.decode(verification, type=Verification) if verification else None,
        )

    def _shown(self, request: RightsRequest) -> RequestShown:
        return RequestShown(
            request_id=request.request_id,
            right=request.right,
            state=request.state,
            language=request.language,
            filed_by=request.filed_by,
            received_at=request.received_at,
            due_at=request.due_at,
            verified_by=request.verified_by,
            verified_at=request.verified_at,
            approved_by=list(request.approved_by),
            approvals_needed=self._policy.current.controller.approvals,
            completed_at=request.completed_at,
        )

    async def approve(self, request_id: UUID, officer: Principal, moment: Moment) -> Progress:
        """Approve a request. The last approval that an erasure needs runs it; again it only finishes it.

        Raises `RequestNotReady` before it is verified, and `ApprovalRefused` for whoever filed it (R6).
        """
        needed = self._policy.current.controller.approvals

        async def work(connection: Connection) -> RightsRequest:
            request = found(await store.locked(connection, request_id))
            match rules.approving(request, officer.principal_id):
                case Approving.FILED_BY_THEM:
                    raise ApprovalRefused("You filed this request; another officer has to approve it.")
                case Approving.NOT_VERIFIED:
                    raise RequestNotReady("Verify first who asked: POST …/verify with a note of how.")
                case Approving.COUNTS:
                    officer_id = UUID(officer.principal_id)
                    await store.approve(connection, request_id, officer_id, moment.override)
                    if rules.enough({*request.approved_by, officer_id}, needed):
                        await self._move(connection, request, State.RUNNING, officer, moment.override)
                case Approving.ENDED:
                    raise RequestSettled("It has ended without being served; file a new request.")
                case Approving.NO_LONGER_NEEDED:
                    pass
            return found(await store.request(connection, request_id))

        request = await self._database.run("rights.approve", work)
        if request.right is Right.ERASURE and request.state is State.RUNNING:
            return await self._erase(request_id, moment)
        return request.progress

    async def _move(
        self, connection: Connection, request: RightsRequest, to: State, officer: Principal, at: datetime | None
    ) -> RightsRequest:
        by = UUID(officer.principal_id) if officer.kind == "officer" else None
        return await moving.move(connection, request, to, self._policy.current.digest, by=by, at=at)

    async def _erase(self, request_id: UUID, moment: Moment) -> Progress:
        """Erase, in one transaction; whoever comes second finds it done. Then shred, or leave it to the worker."""
        bundle = self._policy.current.digest
        epoch_ends = await self._erasure.epoch_ends(moment.now)

        async def work(connection: Connection) -> tuple[Progress, set[UUID]]:
            request = found(await store.locked(connection, request_id, alike=True))
            erased: set[UUID] = set()
            if request.state is State.RUNNING:
                erased = await self._erasure.run(connection, request, bundle, moment.override, epoch_ends)
                request = found(await store.request(connection, request_id))
            return request.progress, erased

        progress, erased = await self._erasing.run("rights.erase", work)
        if erased:
            await self._shred(erased)
        return progress

    async def _shred(self, erased: Collection[UUID]) -> None:
        """Delete the keys of the erased; what cannot be done now the worker does."""
        try:
            await shred(self._database, self._subjects.keys.database, erased)
        except Unavailable:
            event("rights.shredding_postponed")

    async def package(self, request_id: UUID, moment: Moment) -> AsyncGenerator[bytes, None]:
        """The package of an approved access request, as the pieces of a zip file; the last one closes the request."""
        return await self._access.package(request_id, moment)

    async def certificate(self, request_id: UUID) -> Certified:
        """The certificate of an erasure; raises `CertificateMissing` before it is done, and for access."""
        request = found(await store.request(self._database, request_id))
        if request.certificate is None:
            raise CertificateMissing("Only an erasure that is completed has one.")
        return Certified(request_id=request_id, certificate=request.certificate)


def _filed(
    request_id: UUID, filing: Filing, named: Sequence[Lookup], caller: Principal, at: datetime, *, verified: bool
) -> RightsRequest:
    lookups = sorted({lookup.hash for lookup in named})
    return RightsRequest(
        request_id=request_id,
        right=filing.right,
        state=State.OPEN if verified else State.VERIFYING,
        language=filing.language,
        lookups=lookups if verified else (),
        unverified=() if verified else lookups,
        filed_by=caller.principal_id,
        received_at=at,
        due_at=rules.due_at(at),
        verified_by=caller.principal_id if verified else None,
        verified_at=at if verified else None,
        completed_at=None,
        certificate=None,
        approved_by=(),
    )


def _vouched(filing: Filing, caller: Principal) -> Verification | None:
    """Who the person is, if that is known on filing: the site said so, or its cookie was presented."""
    if filing.verified and caller.kind != "server":
        raise Forbidden("Only a secret key may say that the person is `verified`; leave it out.")
    return Verification(method=COOKIE) if caller.kind == "browser" else filing.verified


def _cursor(request: RightsRequest) -> str:
    return to_text(msgspec.json.encode(store.Place(due_at=request.due_at, request_id=request.request_id)))


def _place(cursor: str) -> store.Place:
    try:
        place = msgspec.json.decode(from_text(cursor), type=store.Place)
    except ValueError:
        place = None
    if place is None or not within_reach(place.due_at):
        fault = Fault("query.after", "must be the `next` of an earlier page")
        raise InvalidBody("The page cannot be found.", faults=[fault])
    return place
