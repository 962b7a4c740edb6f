"""The unit of cost is a round trip: a call of 500 touchpoints takes as many as one of one, whomever they are about."""

from collections import Counter
from typing import Any

import asyncpg
import pytest

from tests.consenting import NOON, text
from tests.running import Running, contact, customer
from tests.visiting import KEEPING

NOW = text(NOON)
MOST = 500
PEOPLE = [customer(f"person-{n}") for n in range(MOST)]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each statement with parameters went to a database."""
    counted: Counter[str] = Counter()
    execute = asyncpg.Connection._execute  # pyright: ignore[reportPrivateUsage] - whatever is asked goes through it

    async def counting(connection: Any, query: str, *args: Any, **more: Any) -> Any:
        counted[query] += "unnest" in query or "sought" in query
        return await execute(connection, query, *args, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counting)
    return counted


async def took(service: Running, statements: Counter[str], people: list[Any], **more: Any) -> int:
    """How many statements a call about these people takes, half of whom never agreed to anything."""
    told = [contact(person, "ad_impression", NOW, channel="ads", **more) for person in people]
    statements.clear()
    outcomes = await service.touch_all(told, now=NOW)
    assert {outcome["outcome"] for outcome in outcomes} == {"stored", "counted"}
    return statements.total()


@pytest.mark.parametrize("more", [{}, {"properties": {"campaign": "spring"}}], ids=["plain", "with properties"])
async def test_five_hundred_people_cost_what_two_do(
    service: Running, statements: Counter[str], more: dict[str, Any]
) -> None:
    """Resolving, locking, asking where people stand, keeping and counting are a statement each."""
    for person in PEOPLE[::2]:
        await service.give(person, *KEEPING, now=NOW)
    few = await took(service, statements, PEOPLE[:2], **more)
    assert await took(service, statements, PEOPLE, **more) == few
    assert await took(service, statements, PEOPLE[:2] * (MOST // 2), **more) == few
    assert few <= 9
