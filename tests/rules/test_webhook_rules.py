"""Webhooks: recipients are told by signed messages, and what they answer counts once, for the message it is about."""

import shutil
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.kernel.crypto import Signer, random_key
from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.kernel.outbox import Message, enqueue
from service.kernel.webhooks import Private, Public, Shared, WebhookRefused
from service.recipients import store
from service.recipients.signatures import PUBLIC
from tests.conftest import ROOT
from tests.receiving import Received, Receiver, acknowledge, delivery, reach, receiving, shared
from tests.running import Running, customer, refused, succeeded

ADA = customer("ada-marker")
OWN = Signer(random_key())
"""The key of the recipient that signs with one of its own."""
DELIVERIES = "/v1/recipients/deliveries"


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    """The customer records."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def policies_dir(tmp_path: Path, crm: Receiver) -> Path:
    """The shop, in which two recipients can be reached; that of the newsletter has a key of its own."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    reach(folder, "crm", crm.endpoint)
    own = PUBLIC + b64encode(OWN.public).decode()
    reach(folder, "newsletter", crm.endpoint.replace("changes", "newsletter"), f'public-key = "{own}"')
    return folder


async def told(service: Running, crm: Receiver, recipient: str = "crm") -> Received:
    """What a recipient got of a new request, of which it has not answered anything."""
    request_id = new_id()
    message = Message(request_id, recipient, "erasure", {"erased_at": "…"}, request_id, "pseudonym")

    async def tell(connection: Connection) -> None:
        await enqueue(connection, [message])

    await service.database.run("test.tell", tell)
    assert await delivery(service).run() == 1
    return crm.received[-1]


async def answers(service: Running, received: Received) -> list[tuple[str, str | None]]:
    """What is known of a request's messages."""
    found = await store.outcomes(service.database, received.data["request_id"])
    return [(outcome.state.value, outcome.answer) for outcome in found]


@pytest.mark.rule("S3")
async def test_a_message_is_signed_with_a_public_key_and_a_shared_secret(service: Running, crm: Receiver) -> None:
    """Either is enough to check it, and neither holds for another body, another time or another recipient's secret."""
    await service.give(ADA, "personalization")
    await delivery(service).run()
    (received,) = crm.received
    signatures = service.desks.deliveries.signatures
    recipients = service.desks.policy.current.recipients
    (mine,), published = signatures.checking(recipients["crm"]), Public(service.desks.signer.public)
    assert received.verified(mine) == received.verified(published) == received.message_id
    late = str(int(received.headers["webhook-timestamp"]) - 600)
    for other in (
        Received(received.path, received.headers, received.body + b" "),
        Received(received.path, received.headers | {"webhook-timestamp": late}, received.body),
        Received(received.path, received.headers | {"webhook-id": "another"}, received.body),
    ):
        with pytest.raises(WebhookRefused):
            other.verified(mine, published)
    with pytest.raises(WebhookRefused):
        received.verified(Shared(random_key()))


@pytest.mark.rule("S3")
async def test_an_acknowledgement_counts_once(service: Running, crm: Receiver) -> None:
    """The first answer counts; the same one sent again, or another, changes nothing and is told so."""
    received = await told(service, crm)
    succeeded(await acknowledge(service, "crm", received, "nothing_held"))
    assert await answers(service, received) == [("acknowledged", "nothing_held")]
    for outcome in ("nothing_held", "done"):
        refused(await acknowledge(service, "crm", received, outcome), 409, "acknowledged-already")
    assert await answers(service, received) == [("acknowledged", "nothing_held")]
    assert await service.database.fetchval("SELECT count(pseudonym) FROM outbox") == 0


@pytest.mark.rule("S3")
async def test_a_forged_acknowledgement_is_refused(service: Running, crm: Receiver) -> None:
    """By whoever has not the recipient's key: with another key, another recipient's secret, or signed long ago."""
    received = await told(service, crm)
    now = datetime.now(UTC)
    stolen = shared(service, "newsletter")
    for how in (
        {"key": Shared(random_key())},
        {"key": stolen},
        {"key": Private(OWN)},
        {"at": now - timedelta(minutes=6)},
        {"at": now + timedelta(minutes=6)},
    ):
        refused(await acknowledge(service, "crm", received, **how), 403, "acknowledgement-refused")
    refused(await acknowledge(service, "nobody", received, key=stolen), 403, "acknowledgement-refused")
    body = {"message_id": received.message_id, "outcome": "done", "request_id": received.data["request_id"]}
    answer = await service.http.post("/v1/recipients/crm/acknowledgements", json=body)
    refused(answer, 403, "acknowledgement-refused")
    assert await answers(service, received) == [("delivered", None)]


@pytest.mark.rule("S3")
async def test_an_acknowledgement_is_for_one_recipient_and_one_request(service: Running, crm: Receiver) -> None:
    """Another recipient's message, another request's, and one that was never sent are all unknown to the caller."""
    mine, other = await told(service, crm), await told(service, crm)
    theirs = await told(service, crm, "newsletter")
    for received, replaced in (
        (theirs, {}),
        (mine, {"request_id": other.data["request_id"]}),
        (mine, {"request_id": None}),
        (mine, {"message_id": str(new_id())}),
    ):
        refused(await acknowledge(service, "crm", received, **replaced), 404, "delivery-unknown")
    for received in (mine, other, theirs):
        assert await answers(service, received) == [("delivered", None)]


@pytest.mark.rule("S3")
async def test_a_recipient_with_a_key_signs_with_that_alone(service: Running, crm: Receiver) -> None:
    """Whoever learns the shared secret of such a recipient cannot answer for it."""
    received = await told(service, crm, "newsletter")
    key = shared(service, "newsletter")
    refused(await acknowledge(service, "newsletter", received, key=key), 403, "acknowledgement-refused")
    succeeded(await acknowledge(service, "newsletter", received, "refused", key=Private(OWN)))
    assert await answers(service, received) == [("acknowledged", "refused")]


async def test_officers_see_what_was_given_up_and_have_it_tried_again(service: Running, crm: Receiver) -> None:
    """Without a word about whom it tells of; what was not given up is left alone."""
    given = await service.give(ADA, "personalization")
    crm.answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    await service.database.run("test.last", lambda c: c.execute("UPDATE outbox SET attempts = 10"))
    await delivery(service).run()
    officer = service.officers[0]
    answer = await service.get(f"{DELIVERIES}?state=dead", key=officer)
    (dead,) = succeeded(answer)["deliveries"]
    assert (dead["recipient"], dead["kind"], dead["failure"]) == ("crm", "consent", "status_503")
    assert given["subject_id"] not in answer.text
    assert succeeded(await service.get(f"{DELIVERIES}?state=waiting", key=officer))["deliveries"] == []
    retried = succeeded(await service.post(f"{DELIVERIES}/{dead['message_id']}/retry", key=officer))
    assert (retried["state"], retried["attempts"]) == ("waiting", 0)
    refused(await service.post(f"{DELIVERIES}/{dead['message_id']}/retry", key=officer), 409, "delivery-not-dead")
    refused(await service.post(f"{DELIVERIES}/{new_id()}/retry", key=officer), 404, "delivery-unknown")
    refused(await service.get(DELIVERIES), 403, "forbidden")
    refused(await service.get(f"{DELIVERIES}?state=lost", key=officer), 422, "invalid-body")
    refused(await service.get(f"{DELIVERIES}?after=x", key=officer), 422, "invalid-body")


async def test_what_was_given_up_is_not_retried_after_newer_news(service: Running, crm: Receiver) -> None:
    """A withdrawal that was delivered is not followed by the grant before it."""
    await service.give(ADA, "personalization")
    crm.answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    await service.database.run("test.last", lambda c: c.execute("UPDATE outbox SET attempts = 10"))
    await delivery(service).run()
    await service.withdraw(ADA, ["personalization"])
    (dead,) = succeeded(await service.get(f"{DELIVERIES}?state=dead", key=service.officers[0]))["deliveries"]
    path = f"{DELIVERIES}/{dead['message_id']}/retry"
    refused(await service.post(path, key=service.officers[0]), 409, "delivery-not-dead")
