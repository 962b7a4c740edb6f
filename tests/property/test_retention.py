"""What is deleted is what has been kept long enough, and nothing else: against a model that knows no SQL."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from service.kernel.database import Connection
from service.work import delete_ended
from tests.running import Running

DAYS = {"analytics": 395, "personalization": 730, "marketing_email": 730, "model_training": 395}
"""How long the shop's purposes keep what was recorded for them."""
NEEDS_ALL = ("decisions", "interactions", "cap_counters")
TABLES = ("touchpoints", *NEEDS_ALL)
PEOPLE = [UUID(int=number) for number in range(1, 5)]
WRITE = {
    "touchpoints": "INSERT INTO touchpoints VALUES ($1, $2, 'search', 'web', $3, $3, $4, NULL, NULL)",
    "decisions": """
        INSERT INTO decisions (
            subject_id, decision_id, decided_at, purposes, site, placement, offer, stage, mode, reason, proof,
            propensity, bundle, inputs
        ) VALUES ($1, $2, $3, $4, 'shop', 'home_hero', 'o', 'think', 'profiled', 'SPLIT', '{}', 1, 'b', 'inputs')
    """,
    "interactions": """
        INSERT INTO interactions VALUES ($1, $2, 'click', 'home_hero', 'o', 'think', $3, $3, $4, true, true)
    """,
    "cap_counters": "INSERT INTO cap_counters VALUES ($1, $2::uuid::text, $3, 1, $4, $3)",
}
READ = {
    "touchpoints": "SELECT touchpoint_id AS id, false AS emptied FROM touchpoints",
    "decisions": "SELECT decision_id AS id, inputs IS NULL AND stage IS NULL AS emptied FROM decisions",
    "interactions": "SELECT decision_id AS id, NOT shown AND NOT succeeded AS emptied FROM interactions",
    "cap_counters": "SELECT cap::uuid AS id, false AS emptied FROM cap_counters",
}
ARMS = """
INSERT INTO arms SELECT placement, stage, offer, count(*), count(*), 0 FROM interactions GROUP BY 1, 2, 3
"""
DRIFT = "SELECT coalesce(sum(shown), 0) - (SELECT count(*) FROM interactions WHERE shown) FROM arms"


class Row(NamedTuple):
    """Something that was kept: whose it is, in which table, since how long, and what for."""

    person: int
    table: str
    age: timedelta
    purposes: frozenset[str]


ages = st.tuples(st.sampled_from([0, 100, 395, 500, 730, 900]), st.sampled_from([-60, 60])).map(
    lambda age: max(timedelta(days=age[0], seconds=age[1]), timedelta(0))
)
rows = st.builds(
    Row,
    st.integers(0, len(PEOPLE) - 1),
    st.sampled_from(TABLES),
    ages,
    st.frozensets(st.sampled_from(sorted(DAYS)), min_size=1, max_size=3),
)


def fate(row: Row) -> str:
    """What becomes of it: it is `kept`, `emptied` of what one purpose has kept long enough, or `gone`."""
    over = [row.age > timedelta(days=DAYS[purpose]) for purpose in row.purposes]
    if row.table == "touchpoints":
        return "gone" if all(over) else "kept"
    if row.table == "decisions":
        return "gone" if all(over) else "emptied" if any(over) else "kept"
    if any(over):
        return "gone"
    taught = row.table == "interactions" and row.age > timedelta(days=DAYS["model_training"])
    return "emptied" if taught else "kept"


async def plant(connection: Connection, world: Sequence[Row], held: frozenset[int]) -> None:
    """Let the database hold this, and nothing else."""
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}, arms, subjects, restrictions, retention_marks, deletions")
    now = datetime.now(UTC)
    for place, person in enumerate(PEOPLE):
        await connection.execute("INSERT INTO subjects VALUES ($1, $2)", person, now)
        if place in held:
            await connection.execute("INSERT INTO restrictions VALUES ($1, $1, $2)", person, now)
    for number, row in enumerate(world):
        given_to = PEOPLE[row.person], UUID(int=number), now - row.age, sorted(row.purposes)
        await connection.execute(WRITE[row.table], *given_to)
    await connection.execute(ARMS)


async def found(service: Running) -> dict[int, str]:
    """What became of each row that is there."""
    there: dict[int, str] = {}
    for query in READ.values():
        rows = await service.database.fetch(query)
        there |= {row["id"].int: "emptied" if row["emptied"] else "kept" for row in rows}
    return there


def expected(world: Sequence[Row], held: frozenset[int]) -> dict[int, str]:
    """What becomes of each row that stays."""
    fates = {n: "kept" if row.person in held else fate(row) for n, row in enumerate(world)}
    return {number: what for number, what in fates.items() if what != "gone"}


async def judge(service: Running, world: Sequence[Row], held: frozenset[int]) -> None:
    """Hold a run, and what the worker does once nothing is held, against the model."""
    await service.database.run("test.plant", lambda connection: plant(connection, world, held))
    retention = service.desks.retention
    told = await retention.run(dry_run=True)
    assert len(await found(service)) == len(world)
    done = await retention.run()
    assert await found(service) == expected(world, held)
    changed = Counter(
        row.table
        for row in world
        if row.person not in held and (fate(row) == "gone" or (fate(row), row.table) == ("emptied", "decisions"))
    )
    assert {gone.table: gone.rows for gone in told.gone} == {gone.table: gone.rows for gone in done.gone} == changed
    assert (await retention.run()).gone == []
    await service.database.run("test.lift", lambda connection: connection.execute("DELETE FROM restrictions"))
    await delete_ended(service.database, service.desks.consequences)
    assert await found(service) == expected(world, frozenset())
    assert await service.database.fetchval(DRIFT) == 0


async def test_nothing_younger_goes_and_everything_older_does(service: Running) -> None:
    """Whatever is kept, for whichever purposes and how long: a row goes when those that it needs let it go."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(rows, min_size=1, max_size=25), st.frozensets(st.integers(0, len(PEOPLE) - 1), max_size=1))
    def holds(world: Sequence[Row], held: frozenset[int]) -> None:
        asyncio.run_coroutine_threadsafe(judge(service, world, held), loop).result()

    check: Callable[[], None] = holds
    await asyncio.to_thread(check)
