"""The verbs of the feed: follow the changes, and bid farewell to the erased."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from service.consent import store as consent_store
from service.consent.changes import store
from service.consent.changes.model import Change, Changes, NoRecipient, PlaceLost, Window
from service.consent.changes.store import Interest
from service.consent.changes.tide import Tide
from service.consent.model import Standing
from service.consent.verdicts import permissions
from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.crypto import to_text
from service.kernel.database import Connection, Database
from service.ledger.gap.watch import Gap
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects.commands import Subjects

LEAVES = 1000
"""Entries of the ledger that one page looks through."""
KEPT_DAYS = 30
"""How long recipients can learn of an erasure. A copy that was not refreshed for as long is made anew."""
TABLE, COLUMN = "farewells", "pseudonym"


class ChangesDesk:
    """Tells recipients what has changed, in the order of the ledger, by their own pseudonyms."""

    def __init__(self, *, database: Database, policy: ActivePolicy, subjects: Subjects, gap: Gap) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._gap = gap
        self._tide = Tide(database)

    async def follow(self, caller: Principal, after: UUID | None, wait_seconds: int, moment: Moment) -> Changes:
        """The next changes behind an entry, or since ever; where there are none, the first that come while it waits.

        Raises `NoRecipient`, `PlaceLost` for an entry that is not in the tree, `GapOpen`, and `KeyringUnavailable`.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + wait_seconds
        while True:
            page = await self._page(caller, after, moment)
            left = ends - loop.time()
            if page.changes or page.more or left <= 0 or not await self._tide.beyond(page.tree_size, left):
                return page
            after = page.next

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._tide.close()

    async def _page(self, caller: Principal, after: UUID | None, moment: Moment) -> Changes:
        self._gap.require_closed()
        bundle = self._policy.current
        interest = _interest(caller, bundle)

        async def read(connection: Connection) -> tuple[Window, Mapping[UUID, Standing]]:
            behind = await store.place(connection, after) if after else -1
            if behind is None:
                raise PlaceLost("The ledger was restored from before this place: make the copy anew, without `after`.")
            window = await store.window(connection, behind + 1, LEAVES, interest)
            subjects = {one.subject_id for one in window.turned if not one.erased}
            return window, await consent_store.standing_of(connection, subjects, interest.purposes)

        window, standings = await self._database.at_one_moment(read)
        names = await self._subjects.keys.pseudonyms(interest.recipient, standings.keys())
        return Changes(
            changes=self._changes(bundle, interest, window, standings, names, moment.now),
            next=window.last or after,
            more=window.more,
            as_of=None if window.more else window.as_of,
            tree_size=window.tree_size,
            bundle=bundle.digest,
        )

    def _changes(
        self,
        bundle: Bundle,
        interest: Interest,
        window: Window,
        standings: Mapping[UUID, Standing],
        names: Mapping[UUID, bytes],
        now: datetime,
    ) -> list[Change]:
        """Each subject once, where they were last; who was erased while this was read comes with that later."""
        changes: list[Change] = []
        for one in {one.subject_id: one for one in window.turned}.values():
            if one.farewell is not None:
                name = self._subjects.open(TABLE, COLUMN, one.entry_id, one.farewell).decode()
                changes.append(Change(name, erased=True, purposes={}))
            elif one.subject_id in names:
                standing = standings[one.subject_id]
                verdicts = permissions(bundle, list(interest.purposes), standing, now, gpc=False)
                changes.append(Change(to_text(names[one.subject_id]), erased=False, purposes=verdicts))
        return changes


def _interest(caller: Principal, bundle: Bundle) -> Interest:
    """What the recipient is told of; raises `NoRecipient` for a key that is not one's."""
    if caller.recipient is None or caller.recipient not in bundle.recipients:
        raise NoRecipient("Use a key that was made with `placet api-keys create --recipient`, of the active bundle.")
    purposes = {p.id: p for p in bundle.purposes.values() if caller.recipient in p.recipients}
    marketing = any(purpose.direct_marketing for purpose in purposes.values())
    return Interest(caller.recipient, tuple(purposes), marketing)


class Farewells:
    """Keeps how those who follow the changes called somebody, before nobody can compute it any more."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects

    async def bid(self, connection: Connection, subject_id: UUID, entry_id: UUID, at: datetime) -> None:
        """Keep it with the entry of an erasure, in its transaction; raises `KeyringUnavailable`."""
        sealed: dict[str, bytes] = {}
        for recipient in await store.followers(connection):
            names = await self._subjects.keys.pseudonyms(recipient, [subject_id])
            if name := names.get(subject_id):
                sealed[recipient] = self._subjects.seal(TABLE, COLUMN, entry_id, to_text(name).encode())
        if sealed:
            await store.bid(connection, entry_id, sealed, at)


async def forget_farewells(database: Database) -> None:
    """Forget what recipients called people who were erased long ago."""
    await database.run("consent.forget_farewells", partial(store.forget, days=KEPT_DAYS))
