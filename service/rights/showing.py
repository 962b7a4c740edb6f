"""Requests as officers see them: the list, and one of them opened."""

from datetime import datetime
from uuid import UUID

import msgspec

from service.kernel.auth import Principal
from service.kernel.body import within_reach
from service.kernel.clock import Moment
from service.kernel.crypto import from_text, to_text
from service.kernel.database import Connection, Database
from service.kernel.problem import Fault, InvalidBody
from service.policy.commands import ActivePolicy
from service.rights import store
from service.rights.model import RequestOpened, RequestShown, RequestsShown, RightsRequest, Sealed, Verification
from service.rights.rules import found
from service.rights.sealing import Sealing
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.model import Identifier
from service.subjects.reading import read_by


class RightsRegister:
    """Shows requests. Opening one is reading its person's data, and so an entry of the ledger (R19)."""

    def __init__(self, *, database: Database, policy: ActivePolicy, subjects: Subjects) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._sealing = Sealing(subjects.seal, subjects.open)

    async def requests(self, wanted: store.Wanted, after: str | None, most: int, now: datetime) -> RequestsShown:
        """A page of requests, the most urgent first; raises `InvalidBody` for a cursor that is not one of ours."""
        place = _place(after) if after is not None else None
        found = await store.page(self._database, wanted, place, most + 1)
        last = found[most - 1] if len(found) > most else None
        return RequestsShown(
            requests=[self._shown(request, now) for request in found[:most]],
            next=_cursor(last) if last else None,
        )

    async def request(self, request_id: UUID, officer: Principal, moment: Moment) -> RequestOpened:
        """One request, opened for who decides on it; raises `RequestUnknown`."""

        async def read(connection: Connection) -> tuple[RightsRequest, Sealed, int]:
            request = found(await store.request(connection, request_id))
            named = (*request.lookups, *request.unverified)
            await read_by(connection, self._subjects, named, officer, "rights_request", request_id, at=moment.override)
            led = await subjects_store.resolve(connection, request.lookups)
            subjects = len({one.home for one in led.values()})
            return request, await store.sealed(connection, request_id), subjects

        request, sealed, subjects = await self._database.run("rights.open", read)
        verification = self._sealing.open("verification", request_id, sealed.verification)
        replacement = self._sealing.open("replacement", request_id, sealed.replacement)
        return RequestOpened(
            **msgspec.structs.asdict(self._shown(request, moment.now)),
            subjects=subjects,
            unverified=len(request.unverified),
            details=self._sealing.read("details", request_id, sealed.details),
            verification=msgspec.json.decode(verification, type=Verification) if verification else None,
            replacement=msgspec.json.decode(replacement, type=Identifier) if replacement else None,
            grounds=self._sealing.read("grounds", request_id, sealed.grounds),
            extension=self._sealing.read("extension", request_id, sealed.extension),
            refusal_text=self._sealing.read("refusal_text", request_id, sealed.refusal_text),
        )

    def _shown(self, request: RightsRequest, now: datetime) -> RequestShown:
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
            overdue=request.closed_at is None and request.due_at < now,
            purposes=list(request.purposes),
            extended_at=request.extended_at,
            refusal=request.refusal,
            closed_at=request.closed_at,
            lifts_at=request.lifts_at,
        )


def _cursor(request: RightsRequest) -> str:
    return to_text(msgspec.json.encode(store.behind(request)))


def _place(cursor: str) -> store.Place:
    try:
        place = msgspec.json.decode(from_text(cursor), type=store.Place)
    except ValueError:
        place = None
    if place is None or not within_reach(place.due_at):
        fault = Fault("query.after", "must be the `next` of an earlier page")
        raise InvalidBody("The page cannot be found.", faults=[fault])
    return place
