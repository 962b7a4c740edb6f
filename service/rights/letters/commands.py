"""The verb of letters: tell a person about their request, at the address that is kept for that alone."""

from datetime import timedelta
from uuid import UUID

from service.kernel.database import Connection
from service.policy.commands import ActivePolicy
from service.recipients.mail.commands import LASTS, post
from service.recipients.mail.model import Letter
from service.rights import store as requests
from service.rights.letters import store
from service.rights.letters.model import Facts, Kind
from service.rights.letters.words import spoken, written
from service.rights.model import Right, RightsRequest
from service.subjects.commands import Subjects

TABLE, COLUMN = "rights_requests", "address"
NO_FACTS = Facts()


class Letters:
    """Writes to people about their requests."""

    def __init__(self, *, policy: ActivePolicy, subjects: Subjects) -> None:
        self._policy = policy
        self._subjects = subjects

    async def told(self, connection: Connection, request: RightsRequest, kind: Kind, facts: Facts = NO_FACTS) -> bool:
        """Tell the person, in the caller's transaction (Art. 12(3)); False where there is no address.

        With the last letter the address moves into it: it outlives an erasure by as long as the letter is under way.
        """
        sealed = await store.address(connection, request.request_id)
        if sealed is None:
            return False
        address = self._subjects.open(TABLE, COLUMN, request.request_id, sealed).decode()
        await self.send(connection, request, address, kind, facts)
        if _is_last(request, kind):
            await requests.forget_address(connection, request.request_id)
        return True

    async def reaches(self, connection: Connection, request_id: UUID) -> bool:
        """Whether there is an address to tell the outcome of a request at."""
        return await store.address(connection, request_id) is not None

    async def send(
        self,
        connection: Connection,
        request: RightsRequest,
        address: str,
        kind: Kind,
        facts: Facts,
        lasts: timedelta = LASTS,
    ) -> None:
        """Write to an address, whoever is there."""
        subject, text = written(request, kind, facts, self._policy.current)
        letter = Letter(
            request_id=request.request_id,
            kind=kind.value,
            language=spoken(request.language),
            address=address,
            subject=subject,
            text=text,
            code=facts.code or None,
        )
        await post(connection, self._subjects.seal, [letter], lasts)

    async def tell_at(self, connection: Connection, request_id: UUID, address: str) -> None:
        """Tell the outcome of a request at this address from now on."""
        sealed = self._subjects.seal(TABLE, COLUMN, request_id, address.encode())
        await store.keep_address(connection, request_id, sealed)


def _is_last(request: RightsRequest, kind: Kind) -> bool:
    """Whether nothing more is to be told (R21); of a restriction there is, before it is lifted (Art. 18(3))."""
    if request.right is Right.RESTRICTION and kind is Kind.COMPLETED:
        return False
    return kind in {Kind.REFUSED, Kind.COMPLETED, Kind.COMPLETED_WITH_EXCEPTIONS, Kind.LIFTED}
