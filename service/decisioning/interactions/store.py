"""Interactions in the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg.exceptions import UniqueViolationError

from service.decisioning.interactions.model import Kept, Past
from service.kernel.database import Connection, RunAgain
from service.kernel.queries import load

QUERIES = load(__package__)


async def past(
    connection: Connection, decisions: Collection[tuple[UUID, UUID]]
) -> tuple[datetime, Mapping[UUID, Past]]:
    """The time, and what became before of decisions, named by subject and decision. Read it under the locks."""
    rows = await connection.fetch(QUERIES["past"], [who for who, _ in decisions], [which for _, which in decisions])
    found: dict[UUID, Past] = {}
    for row in rows:
        if row["decision_id"] is not None:
            before = found.get(row["decision_id"], Past())
            found[row["decision_id"]] = Past(
                events={*before.events, row["event"]},
                shown=before.shown or row["shown"],
                succeeded=before.succeeded or row["succeeded"],
            )
    return rows[0]["now"], found


async def keep(connection: Connection, interactions: Sequence[Kept], recorded_at: datetime) -> None:
    """Keep interactions; raises `RunAgain` where somebody else kept some of the same decisions meanwhile."""
    try:
        rows = await connection.fetch(QUERIES["keep"], sorted(interactions, key=_name), recorded_at)
    except UniqueViolationError as error:  # what they taught is counted by a row of the other's
        raise RunAgain from error
    if len(rows) < len(interactions):
        raise RunAgain


def _name(kept: Kept) -> tuple[bytes, bytes, str]:
    return kept.subject_id.bytes, kept.decision_id.bytes, kept.event
