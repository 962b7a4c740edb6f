"""The rules of logout, over HTTP: who comes next on the same browser inherits nothing."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.consenting import ON_CONSENT, of_cookie, text
from tests.linking import cookie, history, link, say, unlink, verdicts
from tests.running import Running, customer, succeeded

ADA = customer("ada")


@pytest.mark.rule("I7")
async def test_after_logout_the_next_visitor_inherits_nothing(service: Running) -> None:
    """At logout the page takes a new cookie, to which nothing of the one before leads: no check, status or decision."""
    value = await cookie(service)
    await service.give(ADA, *ON_CONSENT)
    await link(service, value, ADA)
    now = text(datetime.now(UTC))
    contacts = [{"event": "view_product", "channel": "web", "occurred_at": now} for _ in range(4)]
    succeeded(await service.browse("/v1/touchpoints", {"touchpoints": contacts}, cookie=value))
    page = {"site": "shop", "placements": ["home_hero"]}
    (seen,) = succeeded(await service.browse("/v1/decisions", page, cookie=value))["decisions"]
    assert seen["mode"] == "profiled"
    fresh = succeeded(await service.browse("/v1/cookies", cookie=value), 201)["value"]
    before = await service.contents()
    assert {verdict["reason"] for verdict in (await verdicts(service, of_cookie(fresh))).values()} == {"unknown"}
    status = succeeded(await service.browse("/v1/consents/status", {}, cookie=fresh))["purposes"]
    assert {told["status"] for told in status.values()} == {"unknown"}
    (next_seen,) = succeeded(await service.browse("/v1/decisions", page, cookie=fresh))["decisions"]
    assert (next_seen["decision_id"], next_seen["proof"]) == (None, [])
    position = await service.browse("/v1/journeys/position", {}, cookie=fresh)
    assert position.status_code == 403
    assert await service.contents() == before


async def signed_in(service: Running) -> tuple[str, str]:
    """A cookie that said no to analytics and then was linked to Ada, who gave everything; and her subject id."""
    value = await cookie(service)
    await service.give(ADA, *ON_CONSENT)
    await say(service, of_cookie(value), "refused", "analytics")
    return value, (await link(service, value, ADA))["subject_id"]


@pytest.mark.rule("I7")
async def test_a_cookie_that_was_kept_after_logout_speaks_for_nobody_known(service: Running) -> None:
    """After the page took a new cookie for the old one, neither asks, decides or withdraws for who had signed in."""
    old, known = await signed_in(service)
    before = await verdicts(service, ADA), await history(service, ADA)
    assert (await verdicts(service, of_cookie(old)))["personalization"]["allowed"]
    new = succeeded(await service.browse("/v1/cookies", cookie=old), 201)["value"]
    assert await verdicts(service, ADA) == before[0]
    page = {"site": "shop", "placements": ["home_hero"]}
    for value, analytics in ((old, "refused"), (new, "unknown")):
        reasons = {p: verdict["reason"] for p, verdict in (await verdicts(service, of_cookie(value))).items()}
        assert reasons == dict.fromkeys(ON_CONSENT, "unknown") | {"analytics": analytics}
        status = succeeded(await service.browse("/v1/consents/status", {}, cookie=value))["purposes"]
        assert {p: status[p]["status"] for p in ON_CONSENT} == reasons
        (decision,) = succeeded(await service.browse("/v1/decisions", page, cookie=value))["decisions"]
        assert (decision["decision_id"], decision["proof"]) == (None, [])
        withdrawal = {"purposes": ["personalization"], "site": "shop"}
        withdrawn = succeeded(await service.browse("/v1/consents/withdraw", withdrawal, cookie=value))
        assert withdrawn["subject_id"] != known
        succeeded(await service.browse("/v1/objections", {"purposes": ["marketing_email"]}, cookie=value), 201)
    assert (await verdicts(service, ADA), await history(service, ADA)) == before


@pytest.mark.rule("I7")
async def test_a_logout_undoes_nothing(service: Running) -> None:
    """What the link brought stays the known subject's, so that no permission rises, and a past question is answered."""
    old, _ = await signed_in(service)
    during = text(datetime.now(UTC))
    assert (await service.check(ADA, "analytics"))["reason"] == "refused"
    succeeded(await service.browse("/v1/cookies", cookie=old), 201)
    assert (await service.check(ADA, "analytics"))["reason"] == "refused"
    assert (await service.check(of_cookie(old), "personalization", at=during))["allowed"]
    assert await unlink(service, old) == {"subject_id": None, "purposes": {}}
    assert (await service.check(ADA, "analytics"))["reason"] == "refused"
    await link(service, old, customer("bob"))


@pytest.mark.rule("I7")
async def test_only_a_linked_cookie_is_given_back(service: Running) -> None:
    """A cookie that leads to nobody known is taken back without a trace: unseen, unlinked, invented, or twice."""
    unseen, unlinked, (linked, _) = await cookie(service), await cookie(service), await signed_in(service)
    await say(service, of_cookie(unlinked), "given", "analytics")
    before = await service.contents()
    for value in (unseen, unlinked, "invented", unseen[:-1]):
        assert succeeded(await service.browse("/v1/cookies", cookie=value), 201)["value"] != value
    assert await service.contents() == before
    answers = await asyncio.gather(*(service.browse("/v1/cookies", cookie=linked) for _ in range(5)))
    assert len({succeeded(answer, 201)["value"] for answer in answers}) == len(answers)
    after = await service.contents()
    assert after == before | {table: before[table] + 1 for table in ("ledger_entries", "ledger_queue")}
