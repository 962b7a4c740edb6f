"""The unit of cost is a round trip to the database: a check about now takes one, the past no more for many times."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from service.consent import store
from service.decisioning.learning import store as learning_store
from service.kernel import auth
from service.kernel.database import Database
from service.policy import store as policy_store
from service.subjects import store as subjects_store
from tests.consenting import NOON, text
from tests.running import Running, customer, succeeded

BESIDE = (
    subjects_store.QUERIES["stages"],
    learning_store.QUERIES["newer_tables"],
    policy_store.QUERIES["latest"],
)
"""What is asked beside all requests."""
LATER = text(NOON + timedelta(days=30))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each named query was read by, counted as it goes to the database."""
    counted: Counter[str] = Counter()

    def counting(name: str) -> None:
        method = getattr(Database, name)

        async def read(database: Database, query: str, *args: Any) -> Any:
            counted[query] += query not in BESIDE
            return await method(database, query, *args)

        monkeypatch.setattr(Database, name, read)

    for name in ("fetch", "fetchrow", "fetchval"):
        counting(name)
    return counted


async def many(service: Running, reads: Counter[str], *times: str | None) -> int:
    """How many reads a batch takes that asks about these times."""
    question = {"subject": customer(), "purposes": ["analytics"]}
    checks = [question | ({"at": time} if time else {}) for time in times]
    reads.clear()
    answer = await service.post("/v1/consents/check/batch", {"checks": checks}, now=LATER)
    assert len(succeeded(answer)["results"]) == len(times)
    return reads.total()


async def test_a_thousand_times_cost_what_one_does(service: Running, reads: Counter[str]) -> None:
    """Which bundles were in force is read once for a batch, and what each of them said once for ever."""
    now = await many(service, reads, None)
    assert await many(service, reads, text(NOON)) == now + 2  # activations, and the content of the only bundle
    assert await many(service, reads, text(NOON)) == now + 1
    minutes = [text(NOON + timedelta(minutes=n)) for n in range(1000)]
    assert await many(service, reads, *minutes) == now + 1


async def test_a_check_about_now_reads_where_the_person_stands(service: Running, reads: Counter[str]) -> None:
    """Beside the key of the caller nothing else is read, and no bundle."""
    await service.check(customer(), "analytics")
    reads.clear()
    await service.check(customer(), "analytics")
    assert reads == {store.QUERIES["standing"]: 1, auth.QUERIES["keys"]: 1}
