"""Lookups and subjects in the database, in the lock order of DESIGN section 9."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg.exceptions import UniqueViolationError
from msgspec import Struct

from service.kernel.database import Connection, Reader, Row, RunAgain
from service.kernel.queries import load
from service.subjects.keyring import Fingerprint, Stage
from service.subjects.model import Led

QUERIES = load(__package__)
type_of_confirm = Callable[[Connection, Collection[bytes]], Awaitable[tuple[datetime, Mapping[bytes, Led]]]]
"""Reads the database's clock and whom lookups lead to, in one statement of its own (step 5)."""


class Proposal(Struct, frozen=True):
    """A lookup, the same under the other version of a key that is rotated, and the subject to make for both.

    `created_at` None is now.
    """

    lookup: bytes
    also: bytes | None
    subject_id: UUID
    kind: str
    key_version: int
    also_version: int | None
    sealed: bytes
    created_at: datetime | None


async def admit(connection: Connection, proposals: Sequence[Proposal], stage: Stage) -> set[UUID] | None:
    """Step 2: record new lookups with their subjects, which it returns; one that is there already is left alone.

    None, and nothing is recorded, where the key's rotation is at another stage. Raises `RunAgain`.
    """
    try:
        new = await connection.fetchval(QUERIES["admit"], proposals, stage.oldest, stage.newest, stage.reads)
    except UniqueViolationError as error:  # somebody else came first, at the next stage
        raise RunAgain from error
    return None if new is None else set(new)


async def rectify(connection: Connection, wrong: bytes, right: Proposal, stage: Stage) -> int | None:
    """Step 2 for somebody who is known: record another identifier of theirs; how many of its rows are new.

    None, and nothing is recorded, where the key's rotation is at another stage.
    """
    lookups, versions = rows_of(right)
    stages = stage.oldest, stage.newest, stage.reads
    return await connection.fetchval(QUERIES["rectify"], wrong, right.kind, lookups, versions, right.sealed, *stages)


async def replace(connection: Connection, right: Proposal) -> None:
    """Forget what a subject was called before. The caller holds their lock."""
    await connection.execute(QUERIES["replace"], right.subject_id, right.kind, rows_of(right)[0])


def rows_of(proposal: Proposal) -> tuple[list[bytes], list[int]]:
    """The lookups of a proposal, one under each version of the key that is in use, and these versions."""
    if proposal.also is None or proposal.also_version is None:
        return [proposal.lookup], [proposal.key_version]
    return [proposal.lookup, proposal.also], [proposal.key_version, proposal.also_version]


async def resolve(reader: Reader, lookups: Iterable[bytes]) -> Mapping[bytes, Led]:
    """Step 3: the active subject behind each lookup; strangers and the erased are left out."""
    rows = await reader.fetch(QUERIES["resolve"], list(lookups))
    return {row["lookup"]: Led(row["subject_id"], row["home"]) for row in rows}


async def confirm(connection: Connection, lookups: Collection[bytes]) -> tuple[datetime, Mapping[bytes, Led]]:
    """Step 5: the database's clock, and the active subject behind each lookup as of after the locks."""
    rows = await connection.fetch(QUERIES["confirm"], list(lookups))
    found = {row["lookup"]: Led(row["subject_id"], row["home"]) for row in rows if row["lookup"] is not None}
    return rows[0]["now"], found


async def lock(connection: Connection, subjects: Iterable[UUID], *, shared: bool = False) -> None:
    """Step 4: wait for the subjects' locks. What was read before is stale afterwards: read again."""
    await connection.execute(QUERIES["lock_shared" if shared else "lock_exclusive"], list(subjects))


async def bump(connection: Connection, subjects: Iterable[UUID]) -> None:
    """Count a change of consent of each subject."""
    await connection.execute(QUERIES["bump"], list(subjects))


async def link(connection: Connection, lookup: bytes, known: UUID) -> None:
    """Let a lookup lead to a known subject. The caller holds the locks of both."""
    await connection.execute(QUERIES["link"], lookup, known)


async def unlink(connection: Connection, lookup: bytes) -> None:
    """Let a lookup lead to its own subject again."""
    await connection.execute(QUERIES["unlink"], lookup)


async def release(connection: Connection, known: UUID) -> list[UUID]:
    """Let every lookup that is linked to a subject go home; returns whose own they are."""
    return list(dict.fromkeys(row["subject_id"] for row in await connection.fetch(QUERIES["release"], known)))


async def entomb(connection: Connection, subject_id: UUID) -> None:
    """Set the tombstone: from now on nothing is recorded for this subject id."""
    await connection.execute(QUERIES["entomb"], subject_id)


async def lookups_of(reader: Reader, subject_id: UUID) -> list[bytes]:
    """Every lookup of the subject's own; what is linked to them is another's."""
    return [row["lookup"] for row in await reader.fetch(QUERIES["lookups_of"], subject_id)]


async def active(reader: Reader, subjects: Iterable[UUID]) -> set[UUID]:
    """Those of the subjects who are neither unknown nor erased."""
    return {row["subject_id"] for row in await reader.fetch(QUERIES["active"], list(subjects))}


async def next_active(reader: Reader, after: UUID, most: int) -> list[UUID]:
    """The next active subjects after one, in the order of their ids."""
    return [row["subject_id"] for row in await reader.fetch(QUERIES["next_active"], after, most)]


async def unprovided(reader: Reader, after: UUID, prefix: bytes, most: int) -> list[UUID]:
    """The next subjects after one whose identifiers are sealed under less than a prefix, in the order of their ids."""
    return [row["subject_id"] for row in await reader.fetch(QUERIES["unprovided"], after, prefix, most)]


async def count_unprovided(reader: Reader, prefix: bytes) -> int:
    """How many those are."""
    row = await reader.fetchrow(QUERIES["count_unprovided"], prefix)
    return row["number"] if row else 0


async def provided(reader: Reader, subjects: Iterable[UUID], prefix: bytes) -> set[UUID]:
    """The others of these subjects."""
    return {row["subject_id"] for row in await reader.fetch(QUERIES["provided"], list(subjects), prefix)}


async def to_shred(reader: Reader, most: int) -> list[UUID]:
    """The erased whose keys may not be deleted yet."""
    return [row["subject_id"] for row in await reader.fetch(QUERIES["to_shred"], most)]


async def shredded(connection: Connection, subjects: Iterable[UUID]) -> None:
    """Record that the keys of the erased are deleted."""
    await connection.execute(QUERIES["shredded"], list(subjects))


async def fingerprint(connection: Connection, keys: Iterable[Fingerprint]) -> None:
    """Keep the fingerprints of keys that were not seen before."""
    ordered = sorted(keys, key=lambda key: (key.use, key.version))
    columns = [key.use for key in ordered], [key.version for key in ordered], [key.hash for key in ordered]
    await connection.execute(QUERIES["fingerprint"], *columns)


async def fingerprints(reader: Reader) -> set[Fingerprint]:
    """The fingerprints of every key that this database was ever used with."""
    rows = await reader.fetch(QUERIES["fingerprints"])
    return {Fingerprint(use=row["use"], version=row["version"], hash=row["fingerprint"]) for row in rows}


async def shredded_around(reader: Reader, time: datetime | None) -> list[tuple[int, datetime]]:
    """How many were shredded before a time, and how many since, each with the last."""
    return [(row["people"], row["last"]) for row in await reader.fetch(QUERIES["shredded_around"], time)]


async def forget_fingerprints(connection: Connection, use: str, before: int) -> None:
    """Forget the keys of a use before a version, which are retired."""
    await connection.execute(QUERIES["forget_fingerprints"], use, before)


async def stages(reader: Reader) -> dict[str, Stage]:
    """How far the rotation of each key is, by use."""
    rows = await reader.fetch(QUERIES["stages"])
    return {row["use"]: Stage(row["oldest"], row["newest"], row["reads"]) for row in rows}


async def begin_stages(connection: Connection, stages: Mapping[str, Stage]) -> None:
    """Say how far it is where nothing was ever rotated."""
    await connection.execute(QUERIES["begin_stages"], list(stages), [stage.reads for stage in stages.values()])


async def publish(connection: Connection, use: str, stage: Stage) -> None:
    """Tell every process that a rotation has come further."""
    await connection.execute(QUERIES["publish"], use, stage.oldest, stage.newest, stage.reads)


async def stage_age(reader: Reader, use: str) -> float:
    """The seconds since a rotation came as far as it is."""
    row = await reader.fetchrow(QUERIES["stage_age"], use)
    return row["seconds"] if row else 0.0


async def transactions(reader: Reader) -> set[str]:
    """The transactions that are going on in this database."""
    return {row["name"] for row in await reader.fetch(QUERIES["transactions"])}


async def lookups_between(reader: Reader, after: bytes, end: bytes, most: int) -> "list[Row]":
    """The next lookups after one and before another, up to `most`."""
    return await reader.fetch(QUERIES["lookups_between"], after, end, most)


async def lookups_named(reader: Reader, lookups: Iterable[bytes]) -> "list[Row]":
    """Of these lookups those that are there."""
    return await reader.fetch(QUERIES["lookups_named"], list(lookups))


async def count_before(reader: Reader, end: bytes) -> int:
    """How many lookups stand before one."""
    row = await reader.fetchrow(QUERIES["count_before"], end)
    return row["count"] if row else 0


async def copy_lookups(connection: Connection, new: Mapping[bytes, bytes], version: int) -> None:
    """Step 2 for identifiers that are there: a row under another version of the key."""
    await connection.execute(QUERIES["copy_lookups"], list(new), list(new.values()), version)


async def agreeing(connection: Connection, new: Mapping[bytes, bytes]) -> int:
    """How many identifiers lead to the same subject under both versions of the key."""
    return await connection.fetchval(QUERIES["agreeing"], list(new), list(new.values()))


async def drop_before(connection: Connection, end: bytes, most: int) -> int:
    """Delete up to `most` lookups before one; returns how many."""
    return int((await connection.execute(QUERIES["drop_before"], end, most)).rpartition(" ")[2])


async def sample(reader: Reader) -> "Row | None":
    """Somebody's sealed identifier; None where nobody is recorded."""
    return await reader.fetchrow(QUERIES["sample"])
