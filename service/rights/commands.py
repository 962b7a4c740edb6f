"""The verbs of rights: file, verify, approve, give access, certify. Those that end it otherwise are in `ending`."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from service.consent.protection.commands import ProtectionDesk, objectionable
from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers
from service.kernel.ids import new_id
from service.kernel.problem import IdempotencyConflict
from service.policy.commands import ActivePolicy
from service.policy.model import Purpose
from service.rights import filing as asking
from service.rights import moving, rules, store
from service.rights.access import Access
from service.rights.erasure.commands import Erasures
from service.rights.letters.commands import Letters
from service.rights.letters.model import Facts, Kind
from service.rights.links.commands import LASTS as LINK_LASTS
from service.rights.links.commands import Links
from service.rights.model import (
    ApprovalRefused,
    CertificateMissing,
    Certified,
    Filing,
    Progress,
    RequestNotReady,
    RequestSettled,
    Right,
    RightsRequest,
    State,
    Vouching,
)
from service.rights.rules import Approving, Fetching, found
from service.rights.sealing import Sealing
from service.rights.serving import SERVED_HERE, Serving
from service.rights.verification.commands import Codes
from service.subjects.commands import Subjects
from service.subjects.model import Lookup, SubjectMissing
from service.subjects.reading import read_by


class RightsDesk:
    """Takes requests of people about their data, and serves them once they are verified and approved."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        protection: ProtectionDesk,
        answers: Answers,
        access: Access,
        erasures: Erasures,
        codes: Codes,
        letters: Letters,
        links: Links,
        issuer: str,
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._protection = protection
        self._answers = answers
        self._sealing = Sealing(subjects.seal, subjects.open)
        self._serving = Serving(subjects=subjects, protection=protection, sealing=self._sealing)
        self._access = access
        self._codes = codes
        self._letters = letters
        self._erasures = erasures
        self._links = links
        self._issuer = issuer

    async def file(
        self, filing: Filing, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Progress:
        """Take a request. Whether anyone is known is not even looked up, so all answers are alike, and as fast (R4).

        An objection to direct marketing takes effect as it is filed, whoever says so: it only ever adds a no.
        """
        bundle = self._policy.current
        asking.whole(filing)
        purposes = objectionable(filing.purposes or (), bundle)
        named = self._named(filing, caller, cookie)
        if filing.replacement:
            asking.replaceable(named, self._subjects.lookup(filing.replacement))
        claim = self._answers.claim(caller, key, "rights", filing, [lookup.name for lookup in named])
        request_id = new_id()
        sealed = asking.sealed(self._sealing, request_id, filing, named, caller, bundle)
        verified = asking.vouched(filing, caller) is not None

        async def work(connection: Connection) -> Progress:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=Progress)
            ended = await self._object(connection, named, purposes, moment.override)
            state = State.OPEN if ended else asking.state_of(named, bundle, verified=verified)
            at = moment.override or await store.clock(connection)
            request = asking.filed(request_id, filing, named, caller, bundle, at, state)
            await store.file(connection, request, sealed)
            await moving.enter(connection, request, bundle.digest, at=at)
            await self._codes.begin(connection, request, named)
            for step in (State.RUNNING, State.COMPLETED) if ended else ():
                request = await moving.move(connection, request, step, bundle.digest, at=at)
            if ended:
                await self._letters.told(connection, request, Kind.COMPLETED)
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

    async def _object(
        self, connection: Connection, named: Sequence[Lookup], purposes: Sequence[Purpose], at: datetime | None
    ) -> bool:
        """Record an objection to direct marketing; whether nothing else is objected to, and so nothing left to do."""
        marketing = asking.at_once(purposes)
        if marketing:
            await self._protection.objected(connection, named, marketing, at)
        return bool(marketing) and len(marketing) == len(purposes)

    async def verify(self, request_id: UUID, vouching: Vouching, officer: Principal, moment: Moment) -> Progress:
        """Take what a request names as its person's, whom an officer knows; where all of it is, it changes nothing.

        Raises `RequestSettled` once somebody has approved it, who did so for what was verified by then (R6).
        """

        async def work(connection: Connection) -> Progress:
            request = found(await store.locked(connection, request_id))
            match rules.vouching(request):
                case rules.Vouched.ENDED:
                    raise RequestSettled("It has ended without being served; file a new request.")
                case rules.Vouched.APPROVED:
                    raise RequestSettled("It was approved for what was verified by then; file a new request.")
                case rules.Vouched.NOTHING_LEFT:
                    return request.progress
                case rules.Vouched.COUNTS:
                    return (await self._vouch(connection, request, vouching, officer, moment.override)).progress

        return await self._database.run("rights.verify", work)

    async def _vouch(
        self,
        connection: Connection,
        request: RightsRequest,
        vouching: Vouching,
        officer: Principal,
        at: datetime | None,
    ) -> RightsRequest:
        """Verify the rest of what it names; how the first of it was verified is kept beside the note."""
        earlier = (await store.sealed(connection, request.request_id)).verification
        verification = self._sealing.vouched(request.request_id, earlier, vouching.note)
        await store.verify(
            connection, request.request_id, request.unverified, by=officer.principal_id, sealed=verification, at=at
        )
        verified = found(await store.request(connection, request.request_id))
        if request.state in rules.UNVERIFIED:
            return await self._move(connection, verified, State.OPEN, officer, at)
        entered_at = at or await store.clock(connection)
        await moving.enter(connection, verified, self._policy.current.digest, at=entered_at, by=_officer(officer))
        return verified

    async def approve(self, request_id: UUID, officer: Principal, moment: Moment) -> Progress:
        """Approve a request. The last approval that it needs serves it, or lets it run; again it only finishes it.

        Raises `RequestNotReady` before it is verified, or where it names nobody whom it could be served to,
        `ApprovalRefused` for whoever filed it (R6), `RequestSettled` after it ended otherwise, and `IdentifierTaken`
        where it cannot be served, and then nothing has changed.
        """
        request = await self._database.run(
            "rights.approve", lambda connection: self._approve(connection, request_id, officer, moment)
        )
        if request.right is Right.ERASURE and request.state is State.RUNNING:
            return await self._erasures.go_on(request_id, moment)
        return request.progress

    async def _approve(
        self, connection: Connection, request_id: UUID, officer: Principal, moment: Moment
    ) -> RightsRequest:
        bundle, at = self._policy.current, moment.override
        request = found(await store.locked(connection, request_id, alike=True))
        match rules.approving(request, officer.principal_id):
            case Approving.FILED_BY_THEM:
                raise ApprovalRefused("You filed this request; another officer has to approve it.")
            case Approving.NOT_VERIFIED:
                raise RequestNotReady("Verify first who asked: POST …/verify with a note of how.")
            case Approving.ENDED:
                raise RequestSettled("It has ended without being served; file a new request.")
            case Approving.NO_LONGER_NEEDED:
                return request
            case Approving.COUNTS:
                pass
        officer_id = UUID(officer.principal_id)
        if request.right in SERVED_HERE:
            await self._serving.require_served(connection, request)
        await store.approve(connection, request_id, officer_id, at)
        if not rules.enough({*request.approved_by, officer_id}, bundle.controller.approvals):
            return request
        request = await self._move(connection, request, State.RUNNING, officer, at)
        if request.right in SERVED_HERE:
            await self._serving.serve(connection, request, bundle, at)
            request = await self._move(connection, request, State.COMPLETED, officer, at)
            await self._letters.told(connection, request, Kind.COMPLETED)
        if request.right in rules.PACKAGED and await self._letters.reaches(connection, request_id):
            await self._send_link(connection, request, at)
        return request

    async def _send_link(self, connection: Connection, request: RightsRequest, at: datetime | None) -> None:
        """Let the person fetch their package by a link in a letter to the address that they proved."""
        token = await self._links.issue(connection, request.request_id, at)
        ends = (at or await store.clock(connection)) + LINK_LASTS
        link = f"{self._issuer}/v1/rights/packages/{token}"
        await self._letters.told(connection, request, Kind.PACKAGE, Facts(link=link, at=ends))

    async def _move(
        self, connection: Connection, request: RightsRequest, to: State, officer: Principal, at: datetime | None
    ) -> RightsRequest:
        return await moving.move(connection, request, to, self._policy.current.digest, by=_officer(officer), at=at)

    async def package(self, request_id: UUID, officer: Principal, moment: Moment) -> AsyncGenerator[bytes, None]:
        """The package of an approved request, as the pieces of a zip file; the last one closes it.

        That an officer fetches it is an entry of the ledger before anything is given out (R19).
        """

        async def read(connection: Connection) -> None:
            request = found(await store.request(connection, request_id))
            if rules.fetching(request) is Fetching.READY:
                at = moment.override
                await read_by(connection, self._subjects, request.lookups, officer, "package", request_id, at=at)

        await self._database.run("rights.read", read)
        return await self._access.package(request_id, moment)

    async def certificate(self, request_id: UUID) -> Certified:
        """The certificate of an erasure; raises `CertificateMissing` before it is done, and for access."""
        request = found(await store.request(self._database, request_id))
        if request.certificate is None:
            raise CertificateMissing("Only an erasure that is completed has one.")
        return Certified(request_id=request_id, certificate=request.certificate)


def _officer(officer: Principal) -> UUID | None:
    return UUID(officer.principal_id) if officer.kind == "officer" else None
