"""Answers to repeated writes are kept for a day, sealed, and then forgotten by the worker."""

import asyncio
from datetime import timedelta

from service.kernel.database import Connection, Database
from service.work import BATCH, forget_answers
from tests.consenting import DAY
from tests.running import Running, customer, refused
from tests.sequencing import working

KEY = {"Idempotency-Key": "once"}


async def age(database: Database, ago: timedelta) -> None:
    """Let every answer have been given some time ago."""

    async def work(connection: Connection) -> None:
        await connection.execute("UPDATE idempotency SET created_at = clock_timestamp() - $1::interval", ago)

    await database.run("test.age", work)


async def test_an_answer_of_a_day_ago_is_forgotten(service: Running) -> None:
    """Then the key is new again, and what is sent with it is recorded."""
    first = await service.give(customer(), "analytics", headers=KEY)
    await age(service.database, DAY)
    assert await forget_answers(service.database) == 1
    second = await service.give(customer(), "analytics", headers=KEY)
    assert first["records"][0]["entry_id"] != second["records"][0]["entry_id"]
    assert await service.count("ledger_entries") == 2


async def test_an_answer_of_almost_a_day_ago_is_kept(service: Running) -> None:
    """A client that tries again all day does not write twice."""
    first = await service.give(customer(), "analytics", headers=KEY)
    await age(service.database, DAY - timedelta(minutes=1))
    assert await forget_answers(service.database) == 0
    assert await service.give(customer(), "analytics", headers=KEY) == first
    refused(await service.record(customer(), {"analytics": "refused"}, headers=KEY), 409, "idempotency-conflict")


async def test_more_answers_than_one_batch_are_forgotten(database: Database) -> None:
    """Batch by batch, by any number of workers, each answer by one of them."""
    many = 4 * BATCH + 500

    async def fill(connection: Connection) -> None:
        numbers = "SELECT sha256(n::text::bytea), '' FROM generate_series(1, $1) AS n"
        await connection.execute(f"INSERT INTO idempotency (key_hash, body_mac) {numbers}", many)

    await database.run("test.fill", fill)
    await age(database, DAY)
    assert sum(await asyncio.gather(*(forget_answers(database) for _ in range(3)))) == many
    assert await database.fetchval("SELECT count(*) FROM idempotency") == 0


async def test_the_worker_forgets_without_being_asked(service: Running) -> None:
    """It begins when it starts, and ends when it is cancelled."""
    await service.give(customer(), "analytics", headers=KEY)
    await age(service.database, DAY)
    worker = asyncio.create_task(working(service))
    async with asyncio.timeout(10):
        while await service.count("idempotency"):  # noqa: ASYNC110 - the event is in the database
            await asyncio.sleep(0.01)
    assert not worker.done()
    worker.cancel()
    await asyncio.wait({worker})
    assert worker.cancelled()


async def test_an_answer_is_kept_sealed(service: Running) -> None:
    """It is a copy of what was recorded, and readable by whoever holds the keys alone."""
    given = await service.give(customer(), "analytics", headers=KEY)
    row = await service.database.fetchrow("SELECT answer, subject_id FROM idempotency")
    assert row is not None
    assert str(row["subject_id"]) == given["subject_id"]
    for value in (given["subject_id"], given["records"][0]["entry_id"], "analytics"):
        assert value.encode() not in row["answer"]


async def test_an_answer_copied_to_another_subject_does_not_open(service: Running) -> None:
    """Whoever can write to the database cannot make one person's answer another's."""
    await service.give(customer("one"), "analytics", headers=KEY)
    await service.give(customer("two"), "analytics", headers={"Idempotency-Key": "other"})

    async def swap(connection: Connection) -> None:
        await connection.execute(
            "UPDATE idempotency i SET answer = o.answer FROM idempotency o WHERE o.subject_id <> i.subject_id"
        )

    await service.database.run("test.swap", swap)
    answer = await service.record(customer("one"), {"analytics": "given"}, headers=KEY)
    refused(answer, 500, "internal-error")
    assert await service.count("ledger_entries") == 2
