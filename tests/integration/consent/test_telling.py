"""What is told of a subject's consent: its history to servers, its status to the person."""

from typing import Any

import pytest

from service.consent.rules import ASK_AGAIN_AFTER
from service.kernel.crypto import from_text
from service.ledger.rules import commitment
from tests.consenting import DAY, NOON, ON_CONSENT, YEAR, of_cookie, text, visitor
from tests.filing import erase
from tests.running import NOTICE, Running, customer, refused, succeeded

UNKNOWN = {"status": "unknown", "since": None, "notice": None, "ask_again_at": None}


async def history(service: Running, subject: dict[str, str]) -> list[dict[str, Any]]:
    """The entries of a subject, as a server reads them."""
    return succeeded(await service.post("/v1/consents/history", {"subject": subject}))["entries"]


async def status(service: Running, subject: dict[str, str], now: str) -> dict[str, Any]:
    """Where a subject stands on analytics, as a server reads it."""
    answer = succeeded(await service.post("/v1/consents/status", {"subject": subject}, now=now))
    return answer["purposes"]["analytics"]


async def test_a_history_is_every_entry_with_the_oldest_first(service: Running) -> None:
    """By when each was recorded, whenever it took effect."""
    given = await service.give(customer(), "analytics", now=text(NOON))
    late = {"method": "paper", "collected_at": text(NOON - DAY)}
    refusal = succeeded(await service.record(customer(), {"analytics": "refused"}, now=text(NOON + DAY), **late), 201)
    withdrawal = await service.withdraw(customer(), now=text(NOON + 2 * DAY))
    await service.give(customer("other"), "analytics", now=text(NOON))
    records = [answer["records"][0] for answer in (given, refusal, withdrawal)]
    entries = await history(service, customer())
    assert [{name: entry[name] for name in records[0]} for entry in entries] == records
    assert [(entry["method"], entry["collected_at"]) for entry in entries] == [
        ("form", None),
        ("paper", text(NOON - DAY)),
        ("api", None),
    ]
    for entry in entries:
        assert (entry["kind"], entry["site"], entry["leaf_index"]) == ("consent", "shop", None)
        shown = NOTICE if entry["status"] != "withdrawn" else NOTICE | {"language": None}
        assert shown.items() <= entry["notice"].items()


async def test_a_history_holds_the_commitments_of_the_ledger(service: Running) -> None:
    """So that it can be compared with the receipts that people keep."""
    await service.give(customer(), "analytics", evidence={})
    (entry,) = await history(service, customer())
    row = await service.database.fetchrow("SELECT salt, payload, commitment FROM ledger_entries")
    assert row is not None
    assert from_text(entry["commitment"]) == row["commitment"] == commitment(row["salt"], row["payload"])


async def test_strangers_have_no_history_and_no_status(service: Running) -> None:
    """Empty answers, and nothing is created by asking (I8)."""
    await service.give(customer(), "analytics")
    before = await service.contents()
    assert await history(service, customer("stranger")) == []
    assert await status(service, customer("stranger"), text(NOON)) == UNKNOWN
    cookie, _ = await visitor(service)
    for answer in (
        await service.browse("/v1/consents/status", {}),
        await service.browse("/v1/consents/status", {}, cookie=cookie),
    ):
        assert all(purpose == UNKNOWN for purpose in succeeded(answer)["purposes"].values())
    assert await service.contents() == before


async def test_the_erased_have_no_past(service: Running) -> None:
    """Neither a history nor a status, nor a verdict at a time when they were known."""
    await service.give(customer(), "analytics", now=text(NOON))
    await erase(service, customer())
    assert await history(service, customer()) == []
    assert await status(service, customer(), text(NOON)) == UNKNOWN
    assert (await service.check(customer(), "analytics", at=text(NOON)))["reason"] == "unknown"


async def test_a_status_says_when_to_ask_again(service: Running) -> None:
    """Six months after a no, when a grant ends, and at once after that."""
    again = NOON + ASK_AGAIN_AFTER
    instant = {"now": text(NOON)}
    await service.give(customer("given"), "analytics", **instant)
    succeeded(await service.record(customer("refused"), {"analytics": "refused"}, **instant), 201)
    await service.give(customer("withdrawn"), "analytics", now=text(NOON - DAY))
    await service.withdraw(customer("withdrawn"), **instant)
    notice = {name: NOTICE[name] for name in ("id", "version")}
    for name, now, told, since, ask_again_at in (
        ("given", NOON, "given", NOON, text(NOON + YEAR)),
        ("given", NOON + YEAR, "expired", NOON + YEAR, None),
        ("refused", again - DAY, "refused", NOON, text(again)),
        ("refused", again, "refused", NOON, None),
        ("withdrawn", NOON, "withdrawn", NOON, text(again)),
    ):
        assert await status(service, customer(name), text(now)) == {
            "status": told,
            "since": text(since),
            "notice": notice,
            "ask_again_at": ask_again_at,
        }


async def test_a_browser_is_told_of_its_own_cookie(service: Running) -> None:
    """Every purpose of the bundle, for nobody but the visitor."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    answer = succeeded(await service.browse("/v1/consents/status", {}, cookie=cookie))
    assert answer == succeeded(await service.post("/v1/consents/status", {"subject": of_cookie(cookie)}))
    assert {name for name, told in answer["purposes"].items() if told["status"] == "given"} == set(ON_CONSENT)
    assert answer["purposes"]["service"] == UNKNOWN
    answer = await service.browse("/v1/consents/status", {"subject": customer()}, cookie=cookie)
    refused(answer, 403, "not-your-subject")


@pytest.mark.parametrize(("scope", "admitted"), [("consent:read", True), ("consent:write", False)])
async def test_a_server_needs_the_scope_to_read(service: Running, scope: str, admitted: bool) -> None:
    """A key that can only record is not told where people stand, and nobody is told of nobody."""
    key = await service.key(scope)
    for path in ("/v1/consents/history", "/v1/consents/status"):
        answer = await service.post(path, {"subject": customer()}, key=key)
        assert answer.status_code == (200 if admitted else 403)
    if admitted:
        refused(await service.post("/v1/consents/status", {}, key=key), 422, "subject-missing")
