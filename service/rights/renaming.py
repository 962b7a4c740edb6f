"""Requests name people by lookups, and so do their codes; these change when the key of lookups is rotated."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from service.kernel.database import Connection, Database
from service.rights import store
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.keyring import lookups_of_version
from service.subjects.rotation import renamed

AT_ONCE = 100
BEFORE_ALL = UUID(int=0)


async def rename(database: Database, subjects: Subjects, version: int) -> int:
    """Let requests name people by the lookups of a newer key; returns how many open ones wait for somebody unknown.

    Nobody can find out what an unknown person's lookup becomes. A request that is closed has no use for it and lets it
    go; one that is open would not find them if they came, so that the old key has to wait for its end.
    """
    waiting, after = 0, BEFORE_ALL
    while found := await database.run(
        "rights.rename", partial(_rename, subjects=subjects, version=version, after=after)
    ):
        after, _ = found[-1]
        waiting += sum(waits for _, waits in found)
    return waiting


async def _rename(connection: Connection, *, subjects: Subjects, version: int, after: UUID) -> list[tuple[UUID, bool]]:
    oldest = lookups_of_version(version)
    requests = await store.naming_before(connection, oldest, after, AT_ONCE)
    old = {lookup for request in requests for lookup in (*request.lookups, *request.unverified) if lookup < oldest}
    new = await renamed(subjects, await subjects_store.lookups_named(connection, old), version)

    def names(request: store.Naming, named: Sequence[bytes]) -> list[bytes]:
        return [new.get(name, name) for name in named if name in new or name >= oldest or not request.closed]

    done: list[tuple[UUID, bool]] = []
    for request in requests:
        lookups, unverified = names(request, request.lookups), names(request, request.unverified)
        if await store.rename(connection, request, lookups, unverified):
            named = {*request.lookups, *request.unverified} & new.keys()
            await store.rename_codes(connection, request.request_id, {old: new[old] for old in named})
        done.append((request.request_id, any(lookup < oldest for lookup in (*lookups, *unverified))))
    return done
