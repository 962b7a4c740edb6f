"""What follows from a decision in its own transaction: a no deletes data, and a change is announced to recipients."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from uuid import UUID

from service.consent import store
from service.consent.model import ConsentState, Status
from service.kernel import outbox
from service.kernel.database import Connection
from service.kernel.datamap import DataMap, deletions_due
from service.kernel.outbox import Message
from service.ledger.model import Entry
from service.ledger.rules import instant
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects import store as subjects_store

CONSENT = "consent"
MOST = 1000
"""Rows that one transaction deletes; the worker sees to the rest."""
WITHOUT_LIMIT = 2**62
AT_ONCE = 100
"""Subjects that the worker looks after in one transaction."""
BEFORE_ALL = UUID(int=0)

Unlearn = Callable[[Connection, Collection[UUID], Sequence[str], Mapping[str, int]], Awaitable[None]]
"""Takes back what was learnt from subjects for purposes that have ended, by those of direct marketing and retention."""


class Consequences:
    """Deletes what no purpose keeps any longer (Art. 17(1)(b) and (c)), and tells recipients where a purpose stands."""

    def __init__(self, *, datamap: DataMap, policy: ActivePolicy, unlearn: Unlearn) -> None:
        self._policy = policy
        self._unlearn = unlearn
        self._deletion = datamap.deletion(store.QUERIES["ended"])
        self._due = datamap.due(store.QUERIES["ended"])

    async def follow(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        states: Mapping[tuple[UUID, str], ConsentState],
        new: Collection[UUID] = (),
    ) -> None:
        """See to what follows from entries on consent and where they leave each subject and purpose.

        The caller holds the subjects' locks, and has written the states. Of `new` subjects nothing is kept yet.
        """
        decided = [entry for entry in entries if entry.kind == CONSENT]
        said_no = {entry.subject_id for entry in decided if entry.payload["status"] != Status.GIVEN.value}
        if known := said_no.difference(new):
            await self.delete(connection, known)
        new = {entry.entry_id for entry in decided}
        await self.announce(connection, {place: state for place, state in states.items() if state.entry_id in new})

    async def announce(self, connection: Connection, states: Mapping[tuple[UUID, str], ConsentState]) -> None:
        """Tell the recipients of each purpose where a subject stands on it now."""
        messages = [
            message for (subject_id, _), state in states.items() for message in self._announcements(subject_id, state)
        ]
        if messages:
            await outbox.enqueue(connection, messages)

    def _announcements(self, subject_id: UUID, state: ConsentState) -> list[Message]:
        """Where a purpose stands now, for each of its recipients that can be reached."""
        bundle = self._policy.current
        purpose = bundle.purposes.get(state.purpose)
        reached = [r for r in purpose.recipients if bundle.recipients[r].endpoint] if purpose else []
        return [Message(subject_id, recipient, kind=CONSENT, content=_content(state)) for recipient in reached]

    async def delete(self, connection: Connection, subjects: Collection[UUID]) -> int:
        """Delete what no purpose of these subjects keeps, up to 1,000 rows; returns how many. The rest is kept in mind.

        Nothing is deleted while it is held; the caller holds the subjects' locks.
        """
        return sum((await self.delete_by_table(connection, subjects, retention(self._policy.current))).values())

    async def delete_by_table(
        self, connection: Connection, subjects: Collection[UUID], days: Mapping[str, int]
    ) -> Mapping[str, int]:
        """The same, by how many `days` each purpose keeps what was recorded for it; returns how many rows by table."""
        await self._unlearn(connection, subjects, _marketing(self._policy.current), days)
        return await self._by_table(connection, self._deletion, subjects, days, MOST)

    async def due(
        self, connection: Connection, subjects: Collection[UUID], days: Mapping[str, int]
    ) -> Mapping[str, int]:
        """How many rows by table `delete_by_table` would delete or empty, if there were no limit."""
        return await self._by_table(connection, self._due, subjects, days, WITHOUT_LIMIT)

    async def _by_table(
        self, connection: Connection, statement: str, subjects: Collection[UUID], days: Mapping[str, int], most: int
    ) -> Mapping[str, int]:
        marketing = _marketing(self._policy.current)
        row = await connection.fetchrow(statement, list(subjects), marketing, most, list(days), list(days.values()))
        return row["by_table"] if row else {}

    async def delete_due(self, connection: Connection, after: UUID) -> UUID | None:
        """Go on with deletions that were not finished, of the next subjects `after` one; returns behind whom to go on.

        None when there is nobody else. Subjects with more rows than one transaction takes are the next ones again.
        """
        subjects = await deletions_due(connection, after, AT_ONCE)
        if not subjects:
            return None
        await subjects_store.lock(connection, subjects)
        return after if await self.delete(connection, subjects) >= MOST else subjects[-1]


def retention(bundle: Bundle) -> dict[str, int]:
    """For how many days each purpose of a bundle keeps what was recorded for it."""
    return {purpose.id: purpose.retention_days for purpose in bundle.purposes.values()}


def _marketing(bundle: Bundle) -> list[str]:
    return [purpose.id for purpose in bundle.purposes.values() if purpose.direct_marketing]


def _content(state: ConsentState) -> dict[str, str | None]:
    """What a recipient is told of a purpose."""
    return {
        "purpose": state.purpose,
        "status": state.status.value,
        "entry_id": str(state.entry_id),
        "effective_at": instant(state.effective_at),
        "valid_until": instant(state.valid_until) if state.valid_until else None,
    }
