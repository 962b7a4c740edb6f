"""Keys for people who were recorded before there were any: what is theirs is sealed anew under keys of their own.

The version that a sealed identifier begins with tells who is left, so that this may stop and start again at any point,
and nobody else gets keys this way: those of an older keyring are not made anew, they are lost.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from service.kernel.database import Connection, Database
from service.kernel.datamap import DataMap, quoted
from service.subjects import store as subjects_store
from service.subjects.keys import store
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.model import NOBODY, OWN_PREFIX, Seals

AT_ONCE = 250


class Place(NamedTuple):
    """A column of values that are the subject's own, and the one that says whose they are."""

    table: str
    column: str
    owner: str


def places(datamap: DataMap) -> Iterator[Place]:
    """Every column whose tag says that it is sealed under the person's own key."""
    for table, owner in datamap.of_subjects():
        yield from (Place(table.name, c.name, owner.name) for c in table.columns if "own" in c.flags)


async def provide(database: Database, keys: SubjectKeys, datamap: DataMap, tell: Callable[[int, int], None]) -> int:
    """Give keys to everyone who has none yet, batch by batch; `tell` hears how many of how many. Returns how many."""
    total, done, after = await subjects_store.count_unprovided(database, OWN_PREFIX), 0, NOBODY
    while subjects := await subjects_store.unprovided(database, after, OWN_PREFIX, AT_ONCE):
        if without := set(subjects) - await store.holders(keys.database, subjects):
            await keys.create(sorted(without))
        work = partial(_seal, subjects=subjects, seals=await keys.seals(subjects), columns=list(places(datamap)))
        await database.run("subjects.provide", work)
        after, done = subjects[-1], done + len(subjects)
        tell(done, max(done, total))
    return done


async def _seal(connection: Connection, *, subjects: Sequence[UUID], seals: Seals, columns: Sequence[Place]) -> None:
    await subjects_store.lock(connection, subjects)
    for place in columns:
        select, update = _statements(place)
        rows = await connection.fetch(select, subjects, OWN_PREFIX)
        new = [_anew(place, row["owner"], row["value"], seals) for row in rows]
        await connection.execute(update, [row["place"] for row in rows], new)


def _anew(place: Place, owner: UUID, value: bytes, seals: Seals) -> bytes:
    return seals.seal(place.table, place.column, owner, seals.open(place.table, place.column, owner, value))


def _statements(place: Place) -> tuple[str, str]:
    """What finds values under the deployment's key, and what replaces them; the subjects' locks keep them in place."""
    table, column, owner = quoted(place.table), quoted(place.column), quoted(place.owner)
    select = f"""
        SELECT ctid AS place, {owner} AS owner, {column} AS value FROM {table}
        WHERE {owner} = ANY($1::uuid[]) AND {column} < $2::bytea FOR UPDATE
    """  # noqa: S608 - names from the catalogue
    update = f"""
        UPDATE {table} t SET {column} = n.new
        FROM unnest($1::tid[], $2::bytea[]) AS n (place, new) WHERE t.ctid = n.place
    """  # noqa: S608 - the same
    return select, update
