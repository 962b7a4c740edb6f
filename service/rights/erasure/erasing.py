"""Step 3, the erasure itself, in the caller's transaction: lock, tombstone, delete by column tag, ledger entry."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from service.consent.changes.commands import Farewells
from service.consent.linking.writing import release
from service.decisioning.learning import arms
from service.kernel.crypto import Sealer, to_text
from service.kernel.database import Connection
from service.kernel.datamap import DataMap, Person
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.policy.commands import ActivePolicy
from service.rights import store
from service.rights.holds import store as holds
from service.rights.package.gather import by_lookup
from service.rights.proof.commands import seal
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects

ERASURE = "erasure"
HOLDS = "holds"


class Found(Struct, frozen=True):
    """Whom a request is about, at a time, with their locks held; `strangers` are identifiers of nobody."""

    at: datetime
    persons: Sequence[Person]
    strangers: Sequence[bytes]


class Gone(Struct, frozen=True):
    """Subjects of whom a tombstone is left: the ledger entries that say so, and the rows touched, by table."""

    entries: Sequence[UUID]
    rows: Mapping[str, int]


class Eraser:
    """Erases people. The caller holds the row of the request, where there is one."""

    def __init__(self, *, subjects: Subjects, datamap: DataMap, claims: Sealer, policy: ActivePolicy) -> None:
        self._subjects = subjects
        self._farewells = Farewells(subjects)
        self._datamap = datamap
        self._claims = claims
        self._policy = policy

    async def named(self, connection: Connection, lookups: Sequence[bytes]) -> list[Person]:
        """Every subject whose own these lookups are, with all that lead to them.

        An identifier that is linked to somebody covers its own subject, and them only where they are named too.
        """
        led_to = await subjects_store.resolve(connection, lookups)
        return await self._persons(connection, {led.home for led in led_to.values()})

    async def enter(self, connection: Connection, lookups: Sequence[bytes], at: datetime | None) -> Found:
        """The same, with their locks held, and which lookups lead to nobody; raises `RunAgain`."""
        entered = await self._subjects.enter(connection, lookups, at=at)
        persons = await self._persons(connection, set(entered.homes.values()))
        return Found(entered.recorded_at, persons, [lookup for lookup in lookups if lookup not in entered.homes])

    async def erase(self, connection: Connection, request_id: UUID, found: Found, bundle: str) -> Gone:
        """Erase whoever was found, empty this request, and others as far as they name the same identifiers."""
        persons, strangers = found.persons, found.strangers
        await arms.subtract(connection, [person.subject_id for person in persons])
        await store.empty(connection, request_id)
        await store.let_go(connection, [*strangers, *(lookup for person in persons for lookup in person.lookups)])
        gone = await self.entomb(connection, persons, {"request_id": str(request_id), "bundle": bundle}, found.at)
        forgotten = await self._forget(connection, request_id, strangers)
        return Gone(gone.entries, Counter(gone.rows) + Counter(forgotten))

    async def entomb(
        self,
        connection: Connection,
        persons: Sequence[Person],
        facts: Mapping[str, str],
        at: datetime,
        kind: str = ERASURE,
    ) -> Gone:
        """Erase persons whose locks the caller holds, and who have taken back what they taught; what is held stays."""
        held = await holds.held(connection, [person.subject_id for person in persons])
        keep_until = at + timedelta(days=self._policy.current.retention.consent_proof)
        entries: list[UUID] = []
        rows: Counter[str] = Counter()
        for person in persons:
            keep = held.get(person.subject_id, ())
            await release(connection, person.subject_id, at, facts["bundle"])
            await seal(connection, self._claims, person, at, keep_until)
            await subjects_store.entomb(connection, person.subject_id)
            kept = {*keep, HOLDS} if keep else ()
            entry_id, touched = await self.delete(connection, person, facts, at, keep=kept, kind=kind)
            await self._farewells.bid(connection, person.subject_id, entry_id, at)
            entries.append(entry_id)
            rows.update(touched)
        return Gone(entries, rows)

    async def delete(
        self,
        connection: Connection,
        person: Person,
        facts: Mapping[str, str],
        at: datetime,
        *,
        keep: Collection[str] = (),
        only: Collection[str] | None = None,
        kind: str = ERASURE,
    ) -> tuple[UUID, Mapping[str, int]]:
        """Delete all but what to keep, or what was kept before: then `only` that.

        The entry lists what it emptied: nothing else can be emptied unseen.
        """
        emptied = [] if only else await store.commitments(connection, person.subject_id)
        others = {table.name for table in self._datamap.tables if table.name not in only} if only else keep
        rows = await self._datamap.erase(connection, person, others)
        told = {**facts, "emptied": [to_text(commitment) for commitment in emptied]}
        entry = ledger_rules.entry(kind, person.subject_id, new_id(), at, at, told)
        await ledger.append(connection, [entry])
        return entry.entry_id, rows

    async def _persons(self, connection: Connection, subjects: Collection[UUID]) -> list[Person]:
        return [Person(one, await subjects_store.lookups_of(connection, one)) for one in sorted(subjects)]

    async def _forget(self, connection: Connection, request_id: UUID, strangers: Sequence[bytes]) -> Mapping[str, int]:
        """Empty other requests that name an identifier of which no subject is known."""
        if not strangers:
            return {}
        return await by_lookup(self._datamap).erase(connection, Person(request_id, strangers))
