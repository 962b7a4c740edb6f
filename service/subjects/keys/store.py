"""Keys of subjects in the keyring's database."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from service.kernel.database import Connection, Database, Reader
from service.kernel.queries import load
from service.subjects.keys.model import Epoch, SubjectKey

QUERIES = load(__package__)


class Made(NamedTuple):
    """A key by whom it was made for, and when."""

    subject_id: UUID
    created_at: datetime


class Secret(NamedTuple):
    """A subject's pseudonym secret, wrapped by the key of an epoch."""

    subject_id: UUID
    epoch: int
    wrapped: bytes


async def create(database: Database, keys: Sequence[SubjectKey]) -> int:
    """Commit new keys, all of one epoch; returns how many: none where it is closed."""
    columns = [k.subject_id for k in keys], [k.data_key for k in keys], [k.pseudonym_secret for k in keys]
    return len(await database.run_one("keyring.create", QUERIES["create"], keys[0].epoch, *columns))


async def keys(reader: Reader, subjects: Collection[UUID]) -> list[SubjectKey]:
    """The keys of those subjects who have any."""
    rows = await reader.fetch(QUERIES["keys"], list(subjects))
    return [SubjectKey(r["subject_id"], r["epoch"], r["data_key"], r["pseudonym_secret"]) for r in rows]


async def holders(reader: Reader, subjects: Collection[UUID]) -> set[UUID]:
    """Those of the subjects who have keys."""
    return {row["subject_id"] for row in await reader.fetch(QUERIES["holders"], list(subjects))}


async def delete(connection: Connection, subjects: Collection[UUID]) -> None:
    """Delete the keys of subjects; again, it does nothing."""
    await connection.execute(QUERIES["delete"], list(subjects))


async def unswept(reader: Reader, age: timedelta, most: int) -> list[Made]:
    """The next keys of at least this age that nobody has looked at, the oldest first."""
    rows = await reader.fetch(QUERIES["unswept"], age.total_seconds(), most)
    return [Made(row["subject_id"], row["created_at"]) for row in rows]


async def swept(connection: Connection, last: Made) -> None:
    """Remember the last key that was looked at."""
    await connection.execute(QUERIES["swept"], last.created_at, last.subject_id)


async def secrets(reader: Reader, subjects: Collection[UUID]) -> tuple[int, list[Secret]]:
    """The version of the recipients' key that counts, and the secrets of those subjects who have any."""
    rows = await reader.fetch(QUERIES["secrets"], list(subjects))
    found = [Secret(r["subject_id"], r["epoch"], r["pseudonym_secret"]) for r in rows if r["subject_id"]]
    return rows[0]["version"] or 0, found


async def begin(connection: Connection, epoch: int, recipient_key: int) -> None:
    """Let an epoch and a version of the recipients' key begin, if they have not."""
    await connection.execute(QUERIES["begin_epoch"], epoch)
    await connection.execute(QUERIES["begin_recipient_key"], recipient_key)


async def close_epochs(connection: Connection, before: int) -> None:
    """Refuse new keys of earlier epochs."""
    await connection.execute(QUERIES["close_epochs"], before)


async def end_epochs(connection: Connection, before: int) -> None:
    """Record that the keys of earlier epochs are destroyed."""
    await connection.execute(QUERIES["end_epochs"], before)


async def count_before(reader: Reader, epoch: int) -> int:
    """How many subjects have keys of earlier epochs."""
    row = await reader.fetchrow(QUERIES["count_before"], epoch)
    return row["number"] if row else 0


async def wrapped_before(reader: Reader, epoch: int, age: timedelta, most: int) -> list[tuple[SubjectKey, bool]]:
    """The next keys of earlier epochs, each with whether it is younger than `age`."""
    rows = await reader.fetch(QUERIES["wrapped_before"], epoch, age.total_seconds(), most)
    return [(SubjectKey(r["subject_id"], r["epoch"], r["data_key"], r["pseudonym_secret"]), r["young"]) for r in rows]


async def wrap_anew(connection: Connection, keys: Sequence[SubjectKey]) -> None:
    """Keep keys as the key of another epoch, the same for all, wraps them."""
    columns = [k.subject_id for k in keys], [k.data_key for k in keys], [k.pseudonym_secret for k in keys]
    await connection.execute(QUERIES["wrap_anew"], keys[0].epoch, *columns)


async def epochs(reader: Reader) -> list[Epoch]:
    """Every epoch, the newest first."""
    rows = await reader.fetch(QUERIES["epochs"])
    return [Epoch(row["epoch"], row["began_at"], row["closed_at"], row["ended_at"]) for row in rows]
