"""Arms: how often each offer was shown and succeeded, by placement and stage. They name nobody.

An arm is at any time the sum of the interactions that say so. Whoever is erased takes back what they taught (D12), and
so does whoever says no to learning, or to what it was learnt from.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from service.consent import store as consent_store
from service.decisioning.learning.model import Arm, Counts
from service.kernel.database import Connection
from service.kernel.queries import load

LEARNING = "model_training"
"""The purpose that allows to learn from somebody."""
QUERIES = load(__package__)
SUBTRACT = f"WITH taught AS MATERIALIZED (\n{QUERIES['taught']}\n),\n{QUERIES['forget']}"
UNLEARN = (
    f"WITH kept AS MATERIALIZED (\n{QUERIES['teachers']}\n),\n"
    f"ended AS MATERIALIZED (\n{consent_store.QUERIES['ended']}\n),\n"
    f"taught AS MATERIALIZED (\n{QUERIES['taught_no_longer']}\n),\n{QUERIES['forget']}"
)


async def add(connection: Connection, lessons: Mapping[Arm, Counts]) -> None:
    """Count what interactions teach, in the transaction that keeps them."""
    if not lessons:
        return
    arms, counts = list(lessons), list(lessons.values())
    await connection.execute(
        QUERIES["add"],
        [arm.placement for arm in arms],
        [arm.stage for arm in arms],
        [arm.offer for arm in arms],
        [count.shown for count in counts],
        [count.succeeded for count in counts],
    )


async def subtract(connection: Connection, subjects: Collection[UUID]) -> None:
    """Take back everything that subjects taught. The caller holds their locks, and erases them."""
    await connection.execute(SUBTRACT, list(subjects))


async def unlearn(
    connection: Connection, subjects: Collection[UUID], marketing: Sequence[str], days: Mapping[str, int]
) -> None:
    """Take back what subjects taught for purposes that have ended. The caller holds their locks.

    `marketing` are the purposes of direct marketing, `days` how long each keeps what was recorded for it. It comes
    before the deletion of what has ended.
    """
    await connection.execute(UNLEARN, list(subjects), marketing, LEARNING, list(days), list(days.values()))
