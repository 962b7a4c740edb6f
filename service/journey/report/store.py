"""What the database counts for a report, in halves: no person is in both, so that their figures add up."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from service.journey.report.kinds import Kinds
from service.kernel.database import Connection, Row
from service.kernel.queries import load

QUERIES = load(__package__)

HALVES = (0, 1)
SECONDS = 20.0
FOR_MANY_ROWS = """
SET LOCAL statement_timeout = '20s';
SET LOCAL work_mem = '96MB';
SET LOCAL jit = off;
SET LOCAL plan_cache_mode = force_custom_plan
"""
ALONE = "SET LOCAL max_parallel_workers_per_gather = 0"
"""Both halves are counted at once, each by a process of its own, which is all the parallelism that is wanted."""

_ALLOWED = f"WITH allowed AS MATERIALIZED (\n{QUERIES['allowed']}\n), known AS MATERIALIZED (\n{QUERIES['known']}\n)"
FACTS = f"{_ALLOWED}\nSELECT DISTINCT facts FROM known"
FIGURES = f"{_ALLOWED},\n{QUERIES['figures'].replace('WITH kinds', 'kinds', 1)}"


class Asked(Struct, frozen=True):
    """Of whom and when: people who allow a purpose now, by consent or on another basis, until a time."""

    purpose: str
    on_consent: bool
    direct_marketing: bool
    now: datetime
    notices: list[tuple[str, str]]
    until: datetime
    counted: list[str]
    dated: list[str]

    def arguments(self, left_out: int) -> Sequence[object]:
        """In the order of the queries; leaving out a half."""
        ids, versions = [notice for notice, _ in self.notices], [version for _, version in self.notices]
        of_whom = (self.purpose, self.on_consent, self.direct_marketing, self.now, ids, versions, left_out)
        return (*of_whom, self.until, self.counted, self.dated)


class Parts(Struct, frozen=True):
    """How people are told apart: the number of a channel, and of a persona by facts and stage; `asked` is told of."""

    channel: int
    facts: list[str]
    personas: list[int]
    asked: list[int]


async def kinds(
    connection: Connection, purpose: str, since: datetime, until: datetime
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Events with their channels, and notices with their versions, that the report has to do with."""
    rows = await connection.fetch(QUERIES["kinds"], purpose, since, until, timeout=SECONDS)
    found: dict[str, list[tuple[str, str]]] = {"contact": [], "notice": []}
    for row in rows:
        found[row["what"]].append((row["one"], row["other"]))
    return found["contact"], found["notice"]


async def facts(connection: Connection, asked: Asked, half: int) -> list[str]:
    """What is known of people for the rules of personas, each kind of people once."""
    await connection.execute(ALONE)
    rows = await connection.fetch(FACTS, *asked.arguments(half), timeout=SECONDS)
    return [row["facts"] for row in rows]


async def figures(
    connection: Connection, asked: Asked, kinds: Kinds, parts: Parts, since: datetime, began: datetime, half: int
) -> list[Row]:
    """How many people did what; contacts count after `since`, and are told of from `began`."""
    await connection.execute(ALONE)
    return await connection.fetch(
        FIGURES,
        *asked.arguments(half),
        *kinds.columns(),
        *(since, began.timestamp()),
        *kinds.walking(),
        *kinds.leaving(),
        *(parts.channel, parts.facts, parts.personas, parts.asked),
        timeout=SECONDS,
    )
