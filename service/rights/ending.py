"""How requests end without being served, and how a restriction ends: extend, refuse, cancel, lift."""

from datetime import datetime, timedelta
from uuid import UUID

from service.consent.protection.commands import ProtectionDesk
from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.ledger.rules import instant
from service.policy.commands import ActivePolicy
from service.rights import complaint, moving, rules, store
from service.rights.deadline import MONTHS_EXTENDED, due_at
from service.rights.letters.commands import Letters
from service.rights.letters.model import Facts, Kind
from service.rights.model import (
    Ending,
    Extending,
    ExtensionRefused,
    Lifting,
    NobodyTold,
    Progress,
    Refused,
    Refusing,
    RequestSettled,
    RequestUnknown,
    Right,
    RightsRequest,
    State,
)
from service.rights.rules import Extension, found
from service.rights.sealing import Sealing
from service.subjects.commands import Subjects

NOTICE = timedelta(days=7)
"""Between telling a person that a restriction is lifted, and lifting it."""


class EndingDesk:
    """Ends requests otherwise than by serving them, and restrictions that were served."""

    def __init__(
        self,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        protection: ProtectionDesk,
        letters: Letters,
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._protection = protection
        self._letters = letters
        self._sealing = Sealing(subjects.seal, subjects.open)

    async def extend(self, request_id: UUID, extending: Extending, officer: Principal, moment: Moment) -> Progress:
        """Take two more months, once, inside the first one, and for a reason (Art. 12(3)).

        Raises `ExtensionRefused`.
        """
        bundle = self._policy.current

        async def work(connection: Connection) -> Progress:
            request = found(await store.locked(connection, request_id))
            at = moment.override or await store.clock(connection)
            match rules.extending(request, at):
                case Extension.ENDED:
                    raise RequestSettled("It has ended, and takes no more time.")
                case Extension.EXTENDED_BEFORE:
                    raise ExtensionRefused("It was extended before, which is possible once (Art. 12(3)).")
                case Extension.TOO_LATE:
                    raise ExtensionRefused(
                        "The time for the answer is over; a person is told of an extension inside it."
                    )
                case Extension.GRANTED:
                    pass
            due = due_at(request.received_at, bundle.retention.holidays, MONTHS_EXTENDED)
            reason = self._sealing.required("extension", request_id, extending.reason.encode())
            await store.extend(connection, request_id, due, at, reason)
            also = {"extended_to": instant(due)}
            await moving.enter(connection, request, bundle.digest, at=at, by=_officer(officer), also=also)
            extended = found(await store.request(connection, request_id))
            await self._letters.told(connection, extended, Kind.EXTENDED, Facts(reason=extending.reason))
            return extended.progress

        return await self._database.run("rights.extend", work)

    async def refuse(self, request_id: UUID, refusing: Refusing, officer: Principal, moment: Moment) -> Refused:
        """Refuse a request that has not begun to run, and say how to complain (Art. 12(4))."""
        bundle = self._policy.current

        async def work(connection: Connection) -> RightsRequest:
            request = found(await store.locked(connection, request_id))
            if request.state is State.REFUSED:
                raise RequestSettled("It was refused already; GET it to see why.")
            text = self._sealing.required("refusal_text", request_id, refusing.text.encode())
            await store.refuse(connection, request_id, refusing.reason, text)
            by = _officer(officer)
            await moving.move(connection, request, State.REFUSED, bundle.digest, by=by, at=moment.override)
            refused = found(await store.request(connection, request_id))
            await self._letters.told(connection, refused, Kind.REFUSED, Facts(reason=refusing.text))
            return refused

        request = await self._database.run("rights.refuse", work)
        return Refused(
            request_id=request_id,
            state=request.state,
            due_at=request.due_at,
            reason=refusing.reason,
            text=refusing.text,
            ways_to_complain=complaint.ways(bundle.controller.authority, request.language),
        )

    async def cancel(self, request_id: UUID, caller: Principal, cookie: str | None, moment: Moment) -> Progress:
        """Take a request back, which whoever filed it may before it runs; nothing that was written stays.

        To anybody else there is no such request; the visitors of a site share its key, and are told by their cookie.
        """
        own = self._subjects.named_by(caller, None, cookie)

        async def work(connection: Connection) -> Progress:
            request = found(await store.locked(connection, request_id))
            named = (*request.lookups, *request.unverified)
            theirs = caller.kind != "browser" or (own is not None and self._subjects.among(own, named))
            if request.filed_by != caller.principal_id or not theirs:
                raise RequestUnknown("You have filed none of this id.")
            bundle, at = self._policy.current.digest, moment.override
            return (await moving.drop(connection, request, State.CANCELLED, bundle, at=at)).progress

        return await self._database.run("rights.cancel", work)

    async def lift(self, request_id: UUID, lifting: Lifting, officer: Principal, moment: Moment) -> Ending:
        """End a restriction that was asked for: tell the person first, and lift it a week later (Art. 18(3)).

        The first call tells; one after the week lifts. Where an officer has `told` them by other means it is lifted at
        once. Raises `NobodyTold` where no address is known and nobody has. While another request restricts the same
        person, who was not told of its end, the restriction stands: it ends with the last of them.
        """
        bundle = self._policy.current

        async def work(connection: Connection) -> Ending:
            request = found(await store.locked(connection, request_id))
            at = moment.override or await store.clock(connection)
            if request.right is not Right.RESTRICTION or request.state is not State.COMPLETED:
                raise RequestSettled("Only a restriction that holds is lifted.")
            lifts_at = request.lifts_at or (at if lifting.told else at + NOTICE)
            if request.lifts_at is None and not lifting.told:
                await self._announce(connection, request, lifts_at)
            if request.lifts_at is None:
                await store.lift(connection, request_id, lifts_at)
                also = {"lifts_at": instant(lifts_at)}
                await moving.enter(connection, request, bundle.digest, at=at, by=_officer(officer), also=also)
            due = lifts_at <= at or lifting.told is not None
            lifted = due and not await store.restricted_beside(connection, request, at)
            if lifted:
                await store.forget_address(connection, request_id)
                await self._protection.lifted(connection, request.lookups, moment.override, lifting.told)
            return Ending(request_id, request.state, request.due_at, lifted=lifted, lifts_at=lifts_at)

        return await self._database.run("rights.lift", work)

    async def _announce(self, connection: Connection, request: RightsRequest, lifts_at: datetime) -> None:
        """Tell the person when their restriction is lifted; raises `NobodyTold`."""
        if not await self._letters.told(connection, request, Kind.LIFTED, Facts(at=lifts_at)):
            raise NobodyTold("No address of the person is known: tell them, and say how in `told`.")


def _officer(officer: Principal) -> UUID | None:
    return UUID(officer.principal_id) if officer.kind == "officer" else None
