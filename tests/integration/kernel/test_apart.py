"""Whoever's lock is held waits for it alone: who was in the same batch is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from service.consent.model import Record, Recorded
from service.decisioning.model import DecisionsMade, Situation
from service.kernel.auth import Principal
from service.kernel.clock import Moment, system_now
from service.kernel.problem import Unavailable
from service.subjects.model import Identifier
from tests.running import NOTICE, Running, contact, customer

ADA = customer("ada")
OTHERS = [customer(f"other-{number}") for number in range(20)]


@asynccontextmanager
async def _held(service: Running, subject_id: str) -> AsyncIterator[None]:
    """Hold the lock of a person, as somebody does whose change of them takes very long."""
    connection = await asyncpg.connect(service.database_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", subject_id)
            yield
    finally:
        await connection.close()


async def test_a_record_of_somebody_else_does_not_fail_with_the_batch(service: Running) -> None:
    """Of a batch of records, only that of the person whose lock is held is told to come back."""
    subject_id = (await service.give(ADA, "analytics"))["subject_id"]
    server = Principal(kind="server", principal_id="test", scopes=frozenset())

    def record(subject: dict[str, str]) -> Any:
        body = {"subject": subject, "site": "shop", "decisions": {"analytics": "given"}, "notice": NOTICE}
        said = msgspec.convert({**body, "method": "form"}, Record)
        return service.desks.consent.record(said, server, None, None, Moment(now=system_now()))

    async with _held(service, subject_id):
        people = [*OTHERS[:10], ADA, *OTHERS[10:]]
        answers = await asyncio.gather(*map(record, people), return_exceptions=True)
    assert isinstance(answers[10], Unavailable)
    assert all(isinstance(answer, Recorded) for answer in answers[:10] + answers[11:])
    assert await service.count("subjects") == 21


async def test_whoever_is_held_is_waited_for_once(service: Running) -> None:
    """Many records of the person whose lock is held cost the others no more than one of them does."""
    subject_id = (await service.give(ADA, "analytics"))["subject_id"]
    async with _held(service, subject_id), asyncio.timeout(9):
        answers = await asyncio.gather(
            *(service.record(person, {"analytics": "given"}) for person in [*[ADA] * 40, *OTHERS])
        )
    assert [answer.status_code for answer in answers] == [503] * 40 + [201] * 20


async def test_a_decision_for_somebody_else_does_not_fail_with_the_batch(service: Running) -> None:
    """Of a batch of decisions, only that for the person whose lock is held is told to come back."""
    people = [*OTHERS[:5], ADA, *OTHERS[5:10]]
    ids = {}
    for person in people:
        ids[person["value"]] = (await service.give(person, "personalization", "analytics"))["subject_id"]
    now = system_now().isoformat()
    await service.touch_all([contact(person, "view_product", now) for person in people for _ in range(4)])
    context = {"device": "mobile"}
    situation = Situation(site="shop", placements=["home_hero"], context=context, language=None, gpc=False)

    def decide(person: dict[str, str]) -> Any:
        lookup = service.desks.subjects.lookup(Identifier(**person)).hash
        return service.desks.decisions.decide(situation, lookup, Moment(now=system_now()))

    async with _held(service, ids["ada"]):
        answers = await asyncio.gather(*map(decide, people), return_exceptions=True)
    assert isinstance(answers[5], Unavailable)
    assert all(isinstance(answer, DecisionsMade) for answer in answers[:5] + answers[6:])
    assert await service.count("decisions") == 10
