"""Delivery: at least once, in order, each recipient apart, and not for ever."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.kernel.outbox import Message, enqueue
from service.kernel.webhooks import Public
from service.recipients import store
from service.recipients.delivery import AT_ONCE
from service.recipients.rules import PAUSES
from tests.conftest import ROOT
from tests.integration.cli.playing import until
from tests.process import worker_beside
from tests.receiving import OK, Receiver, delivery, hang, reach, receiving
from tests.running import Running, customer

ADA = customer("ada-marker")
REFUSAL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
NOW = "UPDATE outbox SET due_at = clock_timestamp() WHERE delivered_at IS NULL AND dead_at IS NULL"


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    """The customer records, which are told of `personalization`."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def policies_dir(tmp_path: Path, crm: Receiver) -> Path:
    """The shop, in which the customer records can be reached."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    reach(folder, "crm", crm.endpoint)
    return folder


async def make_due(service: Running) -> None:
    """Let the pauses after failed attempts be over."""
    await service.database.run("test.due", lambda connection: connection.execute(NOW))


async def rows(service: Running) -> list[dict[str, Any]]:
    """What is in the outbox, in order."""
    return [dict(row) for row in await service.database.fetch("SELECT * FROM outbox ORDER BY enqueued_at")]


async def test_a_change_is_delivered_under_the_recipients_own_pseudonym(service: Running, crm: Receiver) -> None:
    """The message is signed, says what the outbox says, and names the person as /v1/pseudonyms does."""
    given = await service.give(ADA, "personalization")
    assert await delivery(service).run() == 1
    (received,) = crm.received
    (row,) = await rows(service)
    assert received.verified(Public(service.desks.signer.public)) == str(row["message_id"])
    assert received.path == "/changes"
    assert received.headers["content-type"] == "application/json"
    content = received.content
    assert (content["type"], content.keys()) == ("consent", {"type", "timestamp", "data"})
    named = await service.post("/v1/pseudonyms", {"recipient": "crm", "subjects": [ADA]})
    assert content["data"] == {"pseudonym": named.json()["pseudonyms"][0], **row["content"]}
    assert (content["data"]["purpose"], content["data"]["status"]) == ("personalization", "given")
    assert given["subject_id"] not in received.body.decode()
    assert await delivery(service).run() == 0


async def test_a_withdrawal_is_not_overtaken_by_an_older_grant(service: Running, crm: Receiver) -> None:
    """Of one person messages arrive in order, however many deliver and whatever fails; of others they do not wait."""
    for number in range(12):
        person = customer(f"customer-{number}")
        await service.give(person, "personalization")
        await service.withdraw(person, ["personalization"])
    failing = iter([True, False, True, False, False] * 4)

    async def answer(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(REFUSAL if next(failing, False) else OK)
        await writer.drain()

    crm.answer = answer
    while any(row["delivered_at"] is None for row in await rows(service)):
        await asyncio.gather(*(delivery(service).run() for _ in range(3)))
        await make_due(service)
    last: dict[str, str] = {}
    for received in crm.received:
        data = received.data
        assert (last.get(data["pseudonym"]), data["status"]) != ("withdrawn", "given")
        last[data["pseudonym"]] = data["status"]
    assert list(last.values()) == ["withdrawn"] * 12


async def test_what_a_newer_message_corrects_is_not_tried_again(service: Running, crm: Receiver) -> None:
    """A grant that could not be delivered does not hold up the withdrawal that followed it."""
    await service.give(ADA, "personalization")
    await service.withdraw(ADA, ["personalization"])
    crm.answer = REFUSAL
    await delivery(service).run()
    crm.answer = OK
    await make_due(service)
    await delivery(service).run()
    assert [received.data["status"] for received in crm.received] == ["given", "withdrawn", "withdrawn"]
    assert len(await rows(service)) == 1


async def test_a_day_of_errors_loses_nothing_and_three_end_it(service: Running, crm: Receiver) -> None:
    """Each attempt waits longer; what is still refused after the last is given up, and told to officers."""
    await service.give(ADA, "personalization")
    crm.answer = REFUSAL
    for attempt, pause in enumerate(PAUSES, 1):
        await delivery(service).run()
        (row,) = await rows(service)
        assert (row["attempts"], row["failure"], row["dead_at"]) == (attempt, "status_500", None)
        waits = await service.database.fetchval("SELECT due_at - clock_timestamp() FROM outbox")
        assert 0.7 * pause < waits < 1.2 * pause
        await make_due(service)
    await delivery(service).run()
    await make_due(service)
    await delivery(service).run()
    (row,) = await rows(service)
    assert row["dead_at"] is not None
    assert len({received.message_id for received in crm.received}) == 1
    assert len(crm.received) == len(PAUSES) + 1


async def test_a_recipient_that_hangs_holds_up_no_other(service: Running, crm: Receiver, policies_dir: Path) -> None:
    """One keeps its connections open and says nothing; the other is told all the same, at once."""
    async with receiving() as newsletter:
        reach(policies_dir, "newsletter", newsletter.endpoint)
        purposes = policies_dir / "purposes.toml"
        both = purposes.read_text().replace('recipients = ["newsletter"]', 'recipients = ["newsletter", "crm"]')
        purposes.write_text(both)
        await service.post("/v1/bundles", {}, key=service.officers[0])
        crm.answer = hang
        for number in range(2 * AT_ONCE):
            await service.give(customer(f"customer-{number}"), "marketing_email")
        working = asyncio.create_task(delivery(service).run())

        async def told() -> bool:
            return (len(newsletter.received), len(crm.received)) == (2 * AT_ONCE, AT_ONCE)

        await until(told)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_a_worker_that_is_killed_loses_nothing(
    service: Running, crm: Receiver, policies_dir: Path, tmp_path: Path
) -> None:
    """What it had taken is due again after a while, and is delivered by another."""
    await service.give(ADA, "personalization")
    crm.answer = hang

    async def asked() -> bool:
        return len(crm.received) == 1

    async with worker_beside(service, policies_dir, tmp_path / "log", PLACET_ENVIRONMENT="development") as worker:
        await until(asked)
        worker.kill()
        await worker.wait()
    crm.answer = OK
    assert await delivery(service).run() == 0
    await make_due(service)
    assert await delivery(service).run() == 1
    assert len({received.message_id for received in crm.received}) == 1


async def test_what_an_erasure_tells_outlives_its_subject(service: Running, crm: Receiver) -> None:
    """A message of a request carries the pseudonym that its recipient knew, until that has answered."""
    request_id = new_id()
    message = Message(request_id, "crm", "erasure", {"erased_at": "…"}, request_id, "pseudonym")

    async def tell(connection: Connection) -> None:
        await enqueue(connection, [message])

    await service.database.run("test.tell", tell)
    assert [o.state.value for o in await store.outcomes(service.database, request_id)] == ["waiting"]
    assert await delivery(service).run() == 1
    (received,) = crm.received
    assert received.data == {"pseudonym": "pseudonym", "request_id": str(request_id), "erased_at": "…"}
    assert [o.state.value for o in await store.outcomes(service.database, request_id)] == ["delivered"]


async def test_what_was_delivered_long_ago_is_forgotten(service: Running, crm: Receiver) -> None:
    """After 30 days; what is not answered of a request stays, and so does what waits."""
    for number, name in enumerate(("old", "new", "waiting")):
        if number == 2:
            crm.answer = REFUSAL
        await service.give(customer(name), "personalization")
        await delivery(service).run()
    age = """UPDATE outbox SET delivered_at = delivered_at - interval '31 days' WHERE message_id = $1"""
    first = (await rows(service))[0]["message_id"]
    await service.database.run("test.age", lambda connection: connection.execute(age, first))
    forgotten = await service.database.run("test.forget", lambda connection: store.forget(connection, 100))
    assert (forgotten, len(await rows(service))) == (1, 2)


async def test_of_who_was_erased_nothing_more_is_told(service: Running, crm: Receiver) -> None:
    """A message whose subject has no key any more is dropped."""
    await service.give(ADA, "personalization")
    await service.keyring.run("test.shred", lambda connection: connection.execute("DELETE FROM subject_keys"))
    assert await delivery(service).run() == 0
    assert (crm.received, await rows(service)) == ([], [])
