"""The steps of erasures in the database."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service.kernel.database import Connection, Reader
from service.kernel.queries import load
from service.rights.erasure.model import Step, Task

QUERIES = load(__package__)


async def tasks(reader: Reader, request_id: UUID) -> dict[Step, Task]:
    """The steps of an erasure that were done."""
    rows = await reader.fetch(QUERIES["tasks"], request_id)
    return {Step(row["step"]): Task(Step(row["step"]), row["done_at"], row["outcome"], row["notes"]) for row in rows}


async def do(
    connection: Connection, request_id: UUID, step: Step, outcome: Mapping[str, Any], notes: bytes | None = None
) -> None:
    """Keep that a step was done."""
    await connection.execute(QUERIES["do"], request_id, step.value, outcome, notes)


async def unfinished(connection: Connection, subject_id: UUID) -> UUID | None:
    """The erasure of a subject that is done, and has no certificate yet."""
    return await connection.fetchval(QUERIES["unfinished"], subject_id)


async def forget(connection: Connection, request_id: UUID) -> None:
    """Forget whom an erasure was about."""
    await connection.execute(QUERIES["forget"], request_id)


async def running(reader: Reader, after: UUID, most: int) -> list[UUID]:
    """The next erasures after one that are approved and not closed, up to `most`."""
    return [row["request_id"] for row in await reader.fetch(QUERIES["running"], after, most)]
