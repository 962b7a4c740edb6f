"""While the keyring's database is gone: what needs nobody's keys works, and the rest says so."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.consenting import ON_CONSENT, text
from tests.filing import REQUESTS, approve, claims, fetch, filing
from tests.line import Line, line
from tests.running import Running, contact, customer, keyring_beside, refused, running, succeeded

ADA, BOB = customer("ada"), customer("bob")
SCREEN = {"evidence": {"screen": "banner"}}


@pytest.fixture
async def to_keyring(database_url: str) -> AsyncIterator[Line]:
    """A line to the keyring's database."""
    async with line(keyring_beside(database_url)) as to_it:
        yield to_it


@pytest.fixture
async def lonely(database_url: str, to_keyring: Line, policies_dir: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """A service that knows Ada, and can no longer reach the keyring."""
    async with running(database_url, policies_dir, tmp_path / "data", keyring_url=to_keyring.url) as service:
        await service.give(ADA, *ON_CONSENT)
        await service.touch(ADA, "purchase", text(datetime.now(UTC)))
        await to_keyring.cut()
        yield service


async def test_checks_and_decisions_never_touch_the_keyring(lonely: Running) -> None:
    """Checks, also in batches and of the past, status, history, decisions and positions need nobody's keys."""
    assert (await lonely.check(ADA, "analytics"))["allowed"]
    assert (await lonely.check(ADA, "analytics", at=text(datetime.now(UTC))))["allowed"]
    assert (await lonely.check(BOB, "analytics"))["reason"] == "unknown"
    checks = [{"subject": subject, "purposes": ["analytics"]} for subject in (ADA, BOB)]
    succeeded(await lonely.post("/v1/consents/check/batch", {"checks": checks}))
    succeeded(await lonely.post("/v1/consents/status", {"subject": ADA}))
    succeeded(await lonely.post("/v1/consents/history", {"subject": ADA}))
    assert (await lonely.decide(ADA, "home_hero"))[0]["mode"] == "profiled"
    await lonely.position(ADA)


async def test_whoever_is_known_is_recorded_without_evidence(lonely: Running) -> None:
    """Decisions, withdrawals and touchpoints of people who are known are recorded where nothing of it is sealed."""
    await lonely.give(ADA, "analytics", headers={"Idempotency-Key": "one"})
    assert (await lonely.touch(ADA, "purchase", text(datetime.now(UTC))))["outcome"] == "stored"
    await lonely.withdraw(ADA, ["personalization"])
    await lonely.withdraw(BOB)
    succeeded(await lonely.post("/v1/objections", {"subject": ADA, "purposes": ["marketing_email"]}), 201)


async def test_touchpoints_that_need_keys_do_not_keep_others_waiting(lonely: Running) -> None:
    """Of calls that come at once those with properties are 503, and the others are kept."""
    now = text(datetime.now(UTC))
    properties = [{}, {"properties": {"product": "p-1"}}] * 6
    told = [{"touchpoints": [contact(ADA, "search", now, **more)]} for more in properties]
    answers = await asyncio.gather(*(lonely.post("/v1/touchpoints", body) for body in told))
    for answer, more in zip(answers, properties, strict=True):
        if more:
            refused(answer, 503, "keyring-unavailable")
        else:
            assert succeeded(answer)["outcomes"] == [{"outcome": "stored"}]


async def test_whoever_is_new_or_gives_evidence_is_asked_to_come_back(lonely: Running, to_keyring: Line) -> None:
    """What needs keys is 503 with a time to come back, leaves nothing behind, and works when the keyring is back."""
    before = await lonely.contents()
    at = {"event": "purchase", "channel": "web", "occurred_at": text(datetime.now(UTC))}
    bodies = (
        lonely.record(BOB, {"analytics": "given"}, headers={"Idempotency-Key": "one"}),
        lonely.record(ADA, {"analytics": "refused"}, **SCREEN),
        lonely.post("/v1/objections", {"subject": BOB, "purposes": ["marketing_email"]}),
        lonely.post("/v1/touchpoints", {"touchpoints": [at | {"subject": ADA, "properties": {"query": "shoes"}}]}),
    )
    for answer in [await body for body in bodies]:
        refused(answer, 503, "keyring-unavailable")
        assert answer.headers["Retry-After"] == "1"
    assert await lonely.contents() == before
    await to_keyring.mend()
    succeeded(await lonely.record(BOB, {"analytics": "given"}, headers={"Idempotency-Key": "one"}), 201)
    succeeded(await lonely.record(ADA, {"analytics": "refused"}, **SCREEN), 201)


async def test_strangers_keep_nobody_waiting(lonely: Running) -> None:
    """Of many who come at the same moment only those who need keys are sent away."""
    asked = [lonely.record(customer(f"new {n}"), {"analytics": "given"}) for n in range(10)]
    asked += [lonely.record(ADA, {"analytics": "given"}) for _ in range(10)]
    answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [503] * 10 + [201] * 10


async def test_an_erasure_is_not_done_before_the_keys_are_gone(lonely: Running, to_keyring: Line) -> None:
    """An approved erasure waits for the keyring, without a certificate, and goes on when it is back."""
    request_id = succeeded(await lonely.post(REQUESTS, filing("erasure", ADA)), 202)["request_id"]
    assert succeeded(await approve(lonely, request_id))["state"] == "running"
    refused(await fetch(lonely, request_id, "certificate"), 404, "certificate-missing")
    await to_keyring.mend()
    assert await lonely.desks.erasures.go_on_all() == 1
    certificate = succeeded(await fetch(lonely, request_id, "certificate"))["certificate"]
    assert (await claims(lonely, certificate))["backups_clear_at"] is not None
    assert (await lonely.check(ADA, "analytics"))["reason"] == "unknown"
    assert await lonely.database.fetchval("SELECT shredded_at FROM subjects") is not None


async def test_a_package_waits_for_the_keyring(lonely: Running, to_keyring: Line) -> None:
    """Access opens what is sealed, and is served when it can be."""
    request_id = succeeded(await lonely.post(REQUESTS, filing("access", ADA)), 202)["request_id"]
    succeeded(await approve(lonely, request_id))
    refused(await fetch(lonely, request_id, "package"), 503, "keyring-unavailable")
    await to_keyring.mend()
    assert (await fetch(lonely, request_id, "package")).status_code == 200
