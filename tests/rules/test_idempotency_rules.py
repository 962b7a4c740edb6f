"""The rules of calls that are repeated, over HTTP."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.consenting import HOUR, NOON, text, visitor, written
from tests.running import NOTICE, Running, customer, refused, succeeded


@pytest.mark.rule("C21")
async def test_the_same_key_records_once_also_in_parallel(service: Running) -> None:
    """The same Idempotency-Key records once, also under 50 parallel calls; another body is 409."""
    headers = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(service.record(customer(), {"analytics": "given"}, headers=headers) for _ in range(50))
    )
    first = succeeded(answers[0], 201)
    assert all(succeeded(answer, 201) == first for answer in answers)
    assert await written(service) == (1, 1, 1, 1)
    for decisions, subject in (({"analytics": "refused"}, customer()), ({"analytics": "given"}, customer("other"))):
        refused(await service.record(subject, decisions, headers=headers), 409, "idempotency-conflict")
    assert await written(service) == (1, 1, 1, 1)
    assert (await service.check(customer(), "analytics"))["allowed"]


@pytest.mark.rule("C21")
async def test_different_bodies_in_parallel_record_one_of_them(service: Running) -> None:
    """The same Idempotency-Key records once; of 50 parallel calls with two bodies, those of the other body are 409."""
    headers = {"Idempotency-Key": "one of two"}
    decisions = [{"analytics": "given" if number % 2 else "refused"} for number in range(50)]
    answers = await asyncio.gather(*(service.record(customer(), d, headers=headers) for d in decisions))
    recorded = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(recorded) == 25
    assert all(answer == recorded[0] for answer in recorded)
    assert [answer.status_code for answer in answers].count(409) == 25
    assert await written(service) == (1, 1, 1, 1)


@pytest.mark.rule("C21")
async def test_the_same_key_of_another_caller_is_another_key(service: Running) -> None:
    """The same Idempotency-Key records once for one caller; who else uses it learns nothing and is not hindered."""
    headers = {"Idempotency-Key": "shared"}
    mine = await service.give(customer(), "analytics", headers=headers)
    body = {
        "subject": customer(),
        "site": "shop",
        "notice": NOTICE,
        "method": "form",
        "decisions": {"analytics": "given"},
    }
    key = await service.key("consent:write")
    theirs = succeeded(await service.post("/v1/consents", body, key=key, headers=headers), 201)
    assert mine["records"][0]["entry_id"] != theirs["records"][0]["entry_id"]
    assert await service.count("idempotency") == 2


@pytest.mark.rule("C21")
async def test_the_same_key_of_another_visitor_is_another_key(service: Running) -> None:
    """The same Idempotency-Key records once for each visitor: those of one site neither hinder nor hear one another."""
    cookies = [(await visitor(service))[0] for _ in range(2)]
    _, grant = await visitor(service)
    withdrawal = {"purposes": ["analytics"], "site": "shop"}
    view = {"event": "view_product", "channel": "web", "occurred_at": datetime.now(UTC).isoformat(), "id": "1"}
    for path, body in (
        ("/v1/consents", grant),
        ("/v1/touchpoints", {"touchpoints": [view]}),
        ("/v1/consents/withdraw", withdrawal),
        ("/v1/objections", {"purposes": ["marketing_email"]}),
        ("/v1/rights/requests", {"right": "access", "language": "it"}),
    ):
        headers = {"Idempotency-Key": f"shared {path}"}
        first, other, again = [
            await service.browse(path, body, cookie=cookie, headers=headers) for cookie in (*cookies, cookies[0])
        ]
        assert first.is_success, first.text
        assert other.is_success, other.text
        assert again.json() == first.json()
        if path != "/v1/touchpoints":
            assert other.json() != first.json()
    assert await service.count("touchpoints") == 2
    assert await service.count("idempotency") == 10


@pytest.mark.rule("C21")
async def test_the_same_key_on_another_operation_is_409(service: Running) -> None:
    """Another body is 409, and so is the same one sent elsewhere: a key belongs to one call."""
    headers = {"Idempotency-Key": "grant"}
    await service.give(customer(), "analytics", headers=headers)
    body = {"subject": customer(), "purposes": ["analytics"], "site": "shop"}
    answer = await service.post("/v1/consents/withdraw", body, headers=headers)
    refused(answer, 409, "idempotency-conflict")
    assert (await service.check(customer(), "analytics"))["allowed"]


@pytest.mark.rule("C21")
async def test_a_call_that_was_refused_leaves_its_key_free(service: Running) -> None:
    """The same Idempotency-Key records once: a call that recorded nothing has not used it up."""
    headers = {"Idempotency-Key": "second attempt"}
    late = {"collected_at": text(NOON + HOUR)}
    answer = await service.record(customer(), {"analytics": "given"}, now=text(NOON), headers=headers, **late)
    refused(answer, 422, "record-refused")
    await service.give(customer(), "analytics", headers=headers)


@pytest.mark.rule("C21")
async def test_a_repeated_withdrawal_withdraws_once(service: Running) -> None:
    """The same Idempotency-Key records once: between the two, the person may have given consent again."""
    headers = {"Idempotency-Key": "withdrawal"}
    body = {"subject": customer(), "purposes": ["analytics"], "site": "shop"}
    await service.give(customer(), "analytics")
    first = succeeded(await service.post("/v1/consents/withdraw", body, headers=headers))
    await service.give(customer(), "analytics")
    assert succeeded(await service.post("/v1/consents/withdraw", body, headers=headers)) == first
    assert (await service.check(customer(), "analytics"))["allowed"]
