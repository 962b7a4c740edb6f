"""The verbs of verification: send codes when a request is filed, take them, send them again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from secrets import randbelow
from uuid import UUID

import msgspec

from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.crypto import Hasher, same
from service.kernel.database import Connection, Database
from service.kernel.ids import new_id
from service.policy.commands import ActivePolicy
from service.rights import moving, rules
from service.rights import store as rights_store
from service.rights.letters.commands import Letters
from service.rights.letters.model import Facts, Kind
from service.rights.model import Progress, RightsRequest, State, Verification
from service.rights.rules import found
from service.rights.verification import store
from service.rights.verification.model import DIGITS, Code, CodeRefused, CodesExhausted
from service.subjects.commands import Subjects
from service.subjects.model import Lookup

LASTS = timedelta(minutes=30)
MOST_ATTEMPTS = 5
"""Of one request, right or wrong, on whichever of its codes, also on those that are sent again (R5)."""
MOST_SENT = 3
"""How often a request writes to one address: nobody's mailbox is filled by what others ask in their name."""
AT_ONCE = 1000
REMEDY = "Officers can verify it with a note; a new request gets new codes."


class Codes:
    """Proves identifiers by codes sent to them; whether anybody is known by one is not even looked up (R4)."""

    def __init__(
        self, database: Database, policy: ActivePolicy, subjects: Subjects, letters: Letters, tokens: Hasher
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._letters = letters
        self._tokens = tokens

    async def begin(self, connection: Connection, request: RightsRequest, named: Sequence[Lookup]) -> None:
        """Send a code to each identifier of a new request that a letter can reach, unless it is verified already.

        The first of them is where the outcome is told, until a code says better.
        """
        kinds = self._policy.current.identifier_kinds
        reached = {lookup.hash: lookup for lookup in named if kinds[lookup.kind].normaliser == "email"}
        for lookup in list(reached.values())[:1]:
            await self._letters.tell_at(connection, request.request_id, lookup.normalised)
        for lookup in reached.values() if request.state in rules.UNVERIFIED else ():
            await self._send_first(connection, request, lookup)

    async def _send_first(self, connection: Connection, request: RightsRequest, lookup: Lookup) -> None:
        code_id, text = new_id(), _new_code()
        address = self._subjects.seal("rights_codes", "address", code_id, lookup.normalised.encode())
        expires_at = request.received_at + LASTS
        code = Code(code_id, [lookup.hash], address, self._hash(code_id, text), expires_at)
        await store.keep(connection, request.request_id, code)
        await self._write(connection, request, lookup.normalised, text, expires_at)

    async def again(self, request_id: UUID, moment: Moment) -> Progress:
        """Send new codes in the place of the old ones, as often as a request may; the answer is always the same."""

        async def work(connection: Connection) -> Progress:
            request = found(await rights_store.locked(connection, request_id))
            if request.state in rules.UNVERIFIED:
                expires_at = (moment.override or await rights_store.clock(connection)) + LASTS
                for code in await store.sendable(connection, request_id, MOST_SENT, MOST_ATTEMPTS):
                    text = _new_code()
                    await store.replace(connection, code.code_id, self._hash(code.code_id, text), expires_at)
                    await self._write(connection, request, self._address(code), text, expires_at)
            return request.progress

        return await self._database.run("rights.codes", work)

    async def take(self, request_id: UUID, text: str, caller: Principal, moment: Moment) -> Progress:
        """Take a code: it proves the identifier that it went to, and opens the request.

        The attempt is counted before the code is looked at, under the lock of the request. Raises `CodeRefused`, and
        `CodesExhausted` after five attempts, or where no code was sent or could still change anything.
        """

        async def work(connection: Connection) -> Progress | CodeRefused | CodesExhausted:
            request = found(await rights_store.locked(connection, request_id))
            codes = await store.attempt(connection, request_id, MOST_ATTEMPTS)
            if not codes or request.state not in rules.UNVERIFIED | {State.OPEN}:
                return CodesExhausted(
                    f"After {MOST_ATTEMPTS} attempts no code counts, nor once it was approved. {REMEDY}"
                )
            now = moment.override or await rights_store.clock(connection)
            right = [code for code in codes if same(self._hash(code.code_id, text), code.code_hash)]
            if not right or right[0].expires_at <= now:
                return CodeRefused("It is wrong, or older than 30 minutes, or a newer one was sent.")
            return await self._prove(connection, request, right[0], caller, moment)

        outcome = await self._database.run("rights.code", work)
        if isinstance(outcome, Progress):
            return outcome
        raise outcome

    async def _prove(
        self, connection: Connection, request: RightsRequest, code: Code, caller: Principal, moment: Moment
    ) -> Progress | CodesExhausted:
        proven = [lookup for lookup in code.lookups if lookup in request.unverified]
        if not proven:
            return request.progress  # again, it changes nothing
        if request.approved_by:
            return CodesExhausted(f"It has been approved for who was verified by then. {REMEDY}")
        verification = msgspec.json.encode(Verification(method="code"))
        sealed = self._subjects.seal("rights_requests", "verification", request.request_id, verification)
        by, at = caller.principal_id, moment.override
        await rights_store.verify(connection, request.request_id, proven, by=by, sealed=sealed, at=at)
        await self._letters.tell_at(connection, request.request_id, self._address(code))
        if request.state in rules.UNVERIFIED:
            verified = found(await rights_store.request(connection, request.request_id))
            request = await moving.move(connection, verified, State.OPEN, self._policy.current.digest, at=at)
        return request.progress

    async def _write(
        self, connection: Connection, request: RightsRequest, address: str, text: str, expires_at: datetime
    ) -> None:
        await self._letters.send(connection, request, address, Kind.CODE, Facts(code=text, at=expires_at), lasts=LASTS)

    def _address(self, code: Code) -> str:
        return self._subjects.open("rights_codes", "address", code.code_id, code.address).decode()

    def _hash(self, code_id: UUID, text: str) -> bytes:
        return self._tokens.hash(b"rights-code", code_id.bytes, text.encode())


def _new_code() -> str:
    return f"{randbelow(10**DIGITS):0{DIGITS}}"


async def forget_codes(database: Database) -> None:
    """Delete the codes of requests that have got further."""
    await database.run("rights.forget_codes", partial(store.forget, most=AT_ONCE))
