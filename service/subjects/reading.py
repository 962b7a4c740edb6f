"""Reading a person's data by an officer is an entry of the ledger (Art. 5(2), CJEU C-579/21)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from service.kernel.auth import Principal
from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.subjects import store
from service.subjects.commands import Subjects

OFFICER_READ = "officer_read"


async def read_by(
    connection: Connection,
    subjects: Subjects,
    lookups: Collection[bytes],
    officer: Principal,
    what: str,
    which: UUID,
    *,
    at: datetime | None,
) -> set[UUID]:
    """Record that an officer reads `what` is held of whoever these lookups are; returns them. No lock may be held yet.

    The entry says who read what and when; the person is told all of it but who (Art. 15(4)).
    """
    entered = await subjects.enter(connection, lookups, shared=True, at=at)
    return await _record(connection, set(entered.homes.values()), officer, what, which, entered.recorded_at)


async def read_of(
    connection: Connection, *, subject_id: UUID, officer: Principal, what: str, which: UUID, at: datetime | None
) -> None:
    """The same of one subject, who may have been erased meanwhile: then there is nothing to read."""
    await store.lock(connection, [subject_id], shared=True)
    now, _ = await store.confirm(connection, [])
    await _record(connection, await store.active(connection, [subject_id]), officer, what, which, at or now)


async def _record(
    connection: Connection, read: Iterable[UUID], officer: Principal, what: str, which: UUID, at: datetime
) -> set[UUID]:
    facts = {"officer": officer.principal_id, "what": what, "which": str(which)}
    entries = [ledger_rules.entry(OFFICER_READ, one, new_id(), at, at, facts) for one in sorted(set(read))]
    if entries:
        await ledger.append(connection, entries)
    return {entry.subject_id for entry in entries}
