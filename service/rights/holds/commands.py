"""The verbs of holds: hold and release (rule R10)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger.rules import instant
from service.policy.commands import ActivePolicy
from service.rights import store as requests
from service.rights.erasure.commands import Erasures
from service.rights.erasure.model import Step
from service.rights.erasure.store import tasks
from service.rights.holds import rules, store
from service.rights.holds.model import Hold, Holding, HoldRefused, Holds, HoldTooLate
from service.rights.model import RequestNotReady, RightsRequest, State
from service.rights.rules import found
from service.subjects.commands import Subjects
from service.subjects.reading import read_by

TABLE, REASON = "holds", "reason"
HELD, RELEASED = "hold", "hold_released"


class HoldDesk:
    """Keeps data that an erasure would delete, for as long as an officer says."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        datamap: DataMap,
        erasures: Erasures,
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._erasures = erasures
        self._known = rules.holdable(datamap)

    async def hold(self, request_id: UUID, holding: Holding, officer: Principal, moment: Moment) -> Holds:
        """Hold data of whom a request is about; raises `HoldRefused`, `RequestNotReady`, `HoldTooLate`."""
        if faults := rules.faults(holding, self._known, moment.now):
            raise HoldRefused("Nothing was held.", faults=faults)

        async def work(connection: Connection) -> None:
            request = found(await requests.locked(connection, request_id))
            await self._require_held(connection, request)
            entered = await self._subjects.enter(connection, request.lookups, at=moment.override)
            reason = holding.reason.encode()
            people = set(entered.homes.values())
            reasons = {one: self._subjects.seal(TABLE, REASON, one, reason) for one in people}
            await store.hold(
                connection, reasons, sorted(set(holding.data)), holding.until, request_id, entered.recorded_at
            )
            facts = {"data": sorted(set(holding.data)), "until": instant(holding.until)}
            await self._tell(connection, HELD, request_id, officer, entered.recorded_at, facts)

        await self._database.run("rights.hold", work)
        return await self.holds(request_id)

    async def _require_held(self, connection: Connection, request: RightsRequest) -> None:
        if request.state in (State.RECEIVED, State.VERIFYING):
            raise RequestNotReady("Verify first who asked: nobody knows yet whose data it would be.")
        if request.closed_at is not None or Step.ERASE in await tasks(connection, request.request_id):
            raise HoldTooLate("The request has been carried out, or ended otherwise; GET it to see how.")

    async def release(self, request_id: UUID, officer: Principal, moment: Moment) -> Holds:
        """End what is held on a request: what was to be erased goes at once. Where nothing is held nothing happens."""

        async def work(connection: Connection) -> datetime:
            found(await requests.locked(connection, request_id))
            now = moment.override or await requests.clock(connection)
            if await store.of_request(connection, request_id):
                await store.end_now(connection, request_id, now)
                await self._tell(connection, RELEASED, request_id, officer, now, {})
            return now

        await self._erasures.holds.end(await self._database.run("rights.release", work))
        await self._erasures.go_on(request_id, moment)
        return await self.holds(request_id)

    async def show(self, request_id: UUID, officer: Principal, moment: Moment) -> Holds:
        """The same for who asks, which is reading of whom the request is about, and so an entry of the ledger (R19)."""

        async def read(connection: Connection) -> None:
            request = found(await requests.request(connection, request_id))
            named = (*request.lookups, *request.unverified)
            await read_by(connection, self._subjects, named, officer, "holds", request_id, at=moment.override)

        await self._database.run("rights.read", read)
        return await self.holds(request_id)

    async def holds(self, request_id: UUID) -> Holds:
        """What is held on a request; of several people the same once."""
        shown = {
            row["data"]: Hold(
                data=row["data"],
                until=row["until"],
                reason=self._subjects.open(TABLE, REASON, row["subject_id"], row["reason"]).decode(),
                held_at=row["held_at"],
            )
            for row in await store.of_request(self._database, request_id)
        }
        return Holds(holds=list(shown.values()))

    async def _tell(
        self,
        connection: Connection,
        kind: str,
        request_id: UUID,
        officer: Principal,
        at: datetime,
        facts: Mapping[str, Any],
    ) -> None:
        """In the ledger under the request, which stays when the person is erased; the reason is not told."""
        bundle = self._policy.current.digest
        said = {"request_id": str(request_id), "officer": officer.principal_id, "bundle": bundle, **facts}
        await ledger.append(connection, [ledger_rules.entry(kind, request_id, new_id(), at, at, said)])
