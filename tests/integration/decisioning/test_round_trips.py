"""The unit of cost is a round trip: what is read takes two, and what is stored one transaction, however much it is."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.limiting import Shop, cap, offer, shop
from tests.running import Running, customer
from tests.visiting import PLACEMENTS, walk

__all__ = ["shop"]

ADA = customer("ada-marker")
CAPS = cap("each", 1000) + cap("all", 100_000, scope="global") + cap("place", 1000, per="placement", window="hour")
STORED = [
    "BEGIN",
    "pg_advisory_xact_lock_shared",
    "clock_timestamp",
    "INSERT INTO cap_counters",
    "UPDATE cap_counters",
    "COMMIT",
]
"""What each statement of the transaction holds."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that went to the database, in order."""
    sent: list[str] = []
    execute = asyncpg.Connection._execute  # pyright: ignore[reportPrivateUsage] - whatever is asked goes through it
    plain = asyncpg.Connection.execute

    async def counting(connection: Any, query: str, *args: Any, **more: Any) -> Any:
        sent.append(query)
        return await execute(connection, query, *args, **more)

    async def counting_plain(connection: Any, query: str, *args: Any, **more: Any) -> Any:
        if not args:
            sent.append(query)
        return await plain(connection, query, *args, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counting)
    monkeypatch.setattr(asyncpg.Connection, "execute", counting_plain)
    return sent


def of_decisions(sent: list[str]) -> list[str]:
    """Without what else the service asks: of keys, and of bundles."""
    words = (
        "consent_state",
        "touchpoints",
        "cap_counters",
        "decisions",
        "pg_advisory_xact_lock",
        "revision",
        "BEGIN",
        "COMMIT",
    )
    return [query for query in sent if any(word in query for word in words)]


@pytest.mark.parametrize("placements", [PLACEMENTS[:1], PLACEMENTS])
async def test_two_reads_and_one_transaction(shop: Shop, statements: list[str], placements: tuple[str, ...]) -> None:
    """Consent, then all that is remembered, then a transaction that writes counters and decisions together."""
    async with shop(offer("first", placements=("home_hero", "cart_banner"), priority=1), CAPS) as service:
        await walk(service, ADA)
        await service.decide(ADA, *placements)
        statements.clear()
        decisions = await service.decide(ADA, *placements)
        assert "profiled" in {decision["mode"] for decision in decisions}
        first, second, *stored = of_decisions(statements)
        assert "consent_state" in first
        assert all(table in second for table in ("touchpoints", "interactions", "cap_counters"))
        assert len(stored) == len(STORED)
        assert all(word in query for word, query in zip(STORED, stored, strict=True))
        assert "INSERT INTO decisions" in stored[-2]


async def test_many_at_once_share_them(service: Running, statements: list[str]) -> None:
    """Sixty people who ask at once cost a few batches and not sixty."""
    people = [customer(f"customer-{number}") for number in range(60)]
    await asyncio.gather(*(walk(service, person) for person in people))
    statements.clear()
    await asyncio.gather(*(service.decide(person, *PLACEMENTS) for person in people))
    assert sum("BEGIN" in query for query in statements) < len(people) / 2


async def test_nothing_is_read_of_who_is_not_known(service: Running, statements: list[str]) -> None:
    """A page that names nobody costs no statement at all."""
    await service.decide(None, *PLACEMENTS, context={"device": "mobile"})
    statements.clear()
    await service.decide(None, *PLACEMENTS, context={"device": "mobile"})
    assert of_decisions(statements) == []
