"""The verbs of suppression: name the identifiers of who is erased, recognise them, forget them in time.

Their hashes are under the key of claims, which does not change when the lookup key is rotated: an identifier that is
gone cannot be hashed anew (docs/how-an-erasure-ends.md).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from service.kernel.database import Connection, Database
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.model import Lookup
from service.subjects.suppressions import store

AT_ONCE = 1000


async def hashes(connection: Connection, subjects: Subjects, lookups: Collection[bytes]) -> list[bytes]:
    """By what the identifiers behind lookups are recognised after they are gone; raises `KeyringUnavailable`.

    One whose own key is lost already can no longer be read, and is left out.
    """
    rows = await subjects_store.lookups_named(connection, set(lookups))
    seals = await subjects.keys.seals({row["subject_id"] for row in rows})
    found = {
        subjects.suppression(row["kind"], seals.open("lookups", "sealed", row["subject_id"], row["sealed"]))
        for row in rows
        if row["subject_id"] in seals
    }
    return sorted(found)


async def erased_before(
    connection: Connection, subjects: Subjects, lookups: Sequence[Lookup]
) -> Mapping[bytes, datetime]:
    """When the holder of each identifier was erased last, of those of whom that is known, by lookup."""
    names = {lookup.hash: subjects.suppressions(lookup) for lookup in lookups}
    at = await store.erased(connection, {name for several in names.values() for name in several})
    times = {lookup: [at[name] for name in several if name in at] for lookup, several in names.items()}
    return {lookup: max(found) for lookup, found in times.items() if found}


async def forget(database: Database, at: datetime | None = None) -> int:
    """Delete suppressions whose time is over (`retention.suppressions`), batch by batch; returns how many."""
    done = 0
    while deleted := await database.run("subjects.forget_suppressions", lambda c: store.forget(c, at, AT_ONCE)):
        done += deleted
    return done
