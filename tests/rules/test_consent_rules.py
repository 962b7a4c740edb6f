"""The rules of giving, refusing and withdrawing consent, over HTTP."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from tests.consenting import HOUR, NOON, ON_CONSENT, of_cookie, text, visitor
from tests.process import process_beside
from tests.running import NOTICE, Running, customer, refused, succeeded

NOT_AN_ACT = ("dismiss", "scroll", "preselected")
ACTS = ("banner", "preference_center", "form", "api", "phone", "paper", "import")


@pytest.mark.rule("C1")
async def test_no_event_means_not_allowed(service: Running) -> None:
    """No event means not allowed; no purpose, site or default ever starts as given."""
    bundle = service.desks.policy.current
    await service.give(customer("says one thing only"), "analytics")
    for purpose in bundle.purposes.values():
        stranger = await service.check(customer("never seen"), purpose.id)
        known = await service.check(customer("says one thing only"), purpose.id)
        if purpose.id in ON_CONSENT:
            assert (stranger["allowed"], stranger["reason"], stranger["proof"]) == (False, "unknown", None)
            assert known["allowed"] == (purpose.id == "analytics")
        else:
            assert (stranger["allowed"], stranger["reason"]) == (True, purpose.legal_basis.value)


@pytest.mark.rule("C1")
async def test_a_question_without_purposes_is_not_answered_allowed(service: Running) -> None:
    """No event means not allowed, and so does no question: an empty list or an unknown purpose is an error."""
    for purposes in ([], ["no-such-purpose"], ["analytics", "no-such-purpose"]):
        question = {"subject": customer(), "purposes": purposes}
        problem = refused(await service.post("/v1/consents/check", question), 422, "question-refused")
        assert problem["errors"][0]["path"] == "$.purposes"


@pytest.mark.rule("C1")
async def test_nothing_that_is_shown_is_preselected(service: Running) -> None:
    """No purpose starts as given: the notice says what each is for, and nothing of it says yes."""
    shown = succeeded(await service.get("/v1/notices/shop"))
    assert {purpose["id"] for purpose in shown["purposes"]} == {"service", *ON_CONSENT}
    words = {"given", "checked", "selected", "default", "granted"}
    assert not any(words & set(purpose) for purpose in shown["purposes"])
    assert [purpose["id"] for purpose in shown["purposes"] if purpose["required"]] == ["service"]


@pytest.mark.rule("C2")
@pytest.mark.parametrize("method", NOT_AN_ACT)
async def test_what_is_no_act_is_no_grant(service: Running, method: str) -> None:
    """A preselected, scrolled or dismissed banner is not a grant: such a method with `given` is 422."""
    mixed = {"analytics": "refused", "personalization": "given"}
    problem = refused(await service.record(customer(), mixed, method=method), 422, "record-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.method"]
    cookie, body = await visitor(service)
    refused(await service.browse("/v1/consents", body | {"method": method}, cookie=cookie), 422, "record-refused")
    assert await service.count("ledger_entries") == await service.count("lookups") == 0


@pytest.mark.rule("C2")
@pytest.mark.parametrize("method", NOT_AN_ACT)
async def test_what_is_no_act_can_still_be_a_refusal(service: Running, method: str) -> None:
    """A preselected, scrolled or dismissed banner is not a grant, but whoever closes it has not agreed."""
    recorded = succeeded(await service.record(customer(), dict.fromkeys(ON_CONSENT, "refused"), method=method), 201)
    assert {record["status"] for record in recorded["records"]} == {"refused"}


@pytest.mark.rule("C2")
@pytest.mark.parametrize("method", ACTS)
async def test_an_act_can_be_a_grant(service: Running, method: str) -> None:
    """A preselected, scrolled or dismissed banner is not a grant; the other methods are."""
    succeeded(await service.record(customer(), {"analytics": "given"}, method=method), 201)
    assert (await service.check(customer(), "analytics"))["allowed"]


@pytest.mark.rule("C3")
async def test_each_purpose_has_a_decision_of_its_own(service: Running) -> None:
    """One decision per purpose; an unknown purpose is refused, never ignored."""
    decisions = {"analytics": "refused", "personalization": "given", "marketing_email": "refused"}
    recorded = succeeded(await service.record(customer(), decisions), 201)
    assert {record["purpose"]: record["status"] for record in recorded["records"]} == decisions
    assert len({record["entry_id"] for record in recorded["records"]}) == len(decisions)
    for purpose, decision in decisions.items():
        verdict = await service.check(customer(), purpose)
        assert (verdict["status"], verdict["allowed"]) == (decision, decision == "given")
    assert (await service.check(customer(), "model_training"))["reason"] == "unknown"


@pytest.mark.rule("C3")
@pytest.mark.parametrize(
    "decisions",
    [{"no-such-purpose": "given"}, {"analytics": "given", "no-such-purpose": "refused"}, {"service": "given"}, {}],
    ids=["unknown", "unknown beside a known one", "on another legal basis", "none"],
)
async def test_an_unknown_purpose_is_refused(service: Running, decisions: dict[str, str]) -> None:
    """One decision per purpose; an unknown purpose is refused, never ignored, and nothing of the call is recorded."""
    answer = await service.record(customer(), decisions)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "$.decisions"
    assert await service.count("ledger_entries") == await service.count("subjects") == 0


@pytest.mark.rule("C3")
async def test_withdrawing_an_unknown_purpose_is_refused(service: Running) -> None:
    """An unknown purpose is refused, never ignored: a misspelt withdrawal must not look like one that worked."""
    await service.give(customer(), "analytics")
    body = {"subject": customer(), "purposes": ["analytics", "no-such-purpose"], "site": "shop"}
    problem = refused(await service.post("/v1/consents/withdraw", body), 422, "record-refused")
    assert problem["errors"][0]["path"] == "$.purposes"
    assert (await service.check(customer(), "analytics"))["allowed"]


@pytest.mark.rule("C3")
async def test_a_decision_said_twice_in_one_call_is_refused(service: Running) -> None:
    """One decision per purpose: two that contradict each other are not a decision."""
    body = (
        '{"subject": {"kind": "customer_id", "value": "1"}, "site": "shop", "method": "form",'
        ' "notice": {"id": "shop", "version": "1.0", "language": "it"},'
        ' "decisions": {"analytics": "refused", "analytics": "given"}}'
    )
    headers = {"Authorization": f"Bearer {service.secret_key}", "Content-Type": "application/json"}
    refused(await service.http.post("/v1/consents", content=body, headers=headers), 400, "malformed-body")
    assert await service.count("ledger_entries") == 0


@pytest.mark.rule("C8")
async def test_withdrawing_asks_for_no_more_than_giving(service: Running) -> None:
    """Withdrawing needs no more fields, calls or permission than giving."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    withdrawal = {"purposes": "all", "site": "shop"}
    assert len(withdrawal) < len(grant)
    withdrawn = succeeded(await service.browse("/v1/consents/withdraw", withdrawal, cookie=cookie))
    assert {record["purpose"] for record in withdrawn["records"]} == set(ON_CONSENT)
    assert withdrawn["receipt"]
    for purpose in ON_CONSENT:
        verdict = await service.check(of_cookie(cookie), purpose)
        assert (verdict["allowed"], verdict["reason"]) == (False, "withdrawn")


@pytest.mark.rule("C8")
async def test_whoever_may_record_a_grant_may_record_a_withdrawal(service: Running) -> None:
    """Withdrawing needs no more permission than giving: one scope does both, and nothing else does either."""
    for scope, may in (("consent:write", True), ("consent:read", False), ("rights:write", False)):
        key = await service.key(scope)
        body = {"subject": customer(scope), "site": "shop"}
        grant = body | {"decisions": {"analytics": "given"}, "notice": NOTICE, "method": "form"}
        given = await service.post("/v1/consents", grant, key=key)
        withdrawn = await service.post("/v1/consents/withdraw", body | {"purposes": ["analytics"]}, key=key)
        assert (given.status_code, withdrawn.status_code) == ((201, 200) if may else (403, 403))


@pytest.mark.rule("C8")
async def test_withdrawing_again_or_by_a_stranger_succeeds(service: Running) -> None:
    """Withdrawing needs nothing to withdraw: who never gave anything, or withdrew already, is not turned away."""
    assert (await service.withdraw(customer("stranger")))["records"] == []
    await service.give(customer(), "analytics")
    await service.withdraw(customer())
    assert (await service.withdraw(customer()))["records"] == []
    assert len((await service.withdraw(customer(), ["analytics"]))["records"]) == 1
    assert (await service.check(customer(), "analytics"))["reason"] == "withdrawn"


@pytest.mark.rule("C8")
async def test_a_withdrawal_of_nothing_does_not_tell_who_is_known(service: Running) -> None:
    """Withdrawing needs no permission to read: where nothing is recorded, the answer does not tell who is known.

    That is for `all` with nothing given, and for what is not on consent. A named purpose on consent is recorded.
    """
    key = await service.key("consent:write")
    await service.give(customer(), "analytics")
    await service.withdraw(customer())
    for purposes in ("all", ["service"]):
        bodies = [
            {"subject": customer(who), "purposes": purposes, "site": "shop"} for who in ("customer-1", "stranger")
        ]
        known, stranger = [succeeded(await service.post("/v1/consents/withdraw", b, key=key)) for b in bodies]
        assert known == stranger == {"subject_id": None, "records": [], "receipt": None}
    assert (await service.withdraw(customer(), ["personalization"]))["records"]


@pytest.mark.rule("C9")
async def test_a_withdrawal_is_seen_by_the_very_next_read_of_any_process(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """Withdrawal is effective on the very next read, by any process."""
    async with process_beside(service, policies_dir, tmp_path / "log") as other:
        for writer, reader in ((service, other), (other, service), (service, service), (other, other)) * 10:
            subject = customer(uuid4().hex)
            await writer.give(subject, "analytics", "personalization")
            assert (await reader.check(subject, "analytics"))["allowed"]
            await writer.withdraw(subject, ["analytics"])
            verdict = await reader.check(subject, "analytics")
            assert (verdict["allowed"], verdict["reason"]) == (False, "withdrawn")
            assert (await reader.check(subject, "personalization"))["allowed"]


@pytest.mark.rule("C9")
async def test_a_withdrawal_is_seen_by_every_kind_of_read(service: Running) -> None:
    """Withdrawal is effective on the very next read: check, batch, decision, touchpoint and position alike."""
    subject = customer()
    await service.give(subject, "personalization", "analytics", now=text(NOON - HOUR))
    assert (await service.touch(subject, "purchase", text(NOON - HOUR), now=text(NOON)))["outcome"] == "stored"
    assert (await service.decide(subject, "home_hero", now=text(NOON)))[0]["mode"] == "profiled"
    await service.withdraw(subject, now=text(NOON))
    batch = {"checks": [{"subject": subject, "purposes": ["personalization"]}]}
    answered = succeeded(await service.post("/v1/consents/check/batch", batch))["results"][0]
    assert answered["results"]["personalization"]["reason"] == "withdrawn"
    assert (await service.decide(subject, "home_hero", now=text(NOON)))[0]["mode"] != "profiled"
    outcome = await service.touch(subject, "purchase", text(NOON), now=text(NOON))
    assert outcome == {"outcome": "dropped", "reason": "withdrawn"}
    refused(await service.post("/v1/journeys/position", {"subject": subject}), 403, "consent-required")


@pytest.mark.rule("C9")
async def test_grants_and_withdrawals_in_parallel_end_as_the_last_of_them_says(service: Running) -> None:
    """Withdrawal is effective on the very next read, also while others record about the same person."""
    subject = customer()
    await asyncio.gather(*(service.give(subject, "analytics") for _ in range(20)))
    busy = [asyncio.create_task(service.give(subject, "personalization")) for _ in range(20)]
    await service.withdraw(subject, ["analytics"])
    assert (await service.check(subject, "analytics"))["reason"] == "withdrawn"
    await asyncio.gather(*busy)
    assert (await service.check(subject, "analytics"))["reason"] == "withdrawn"
    assert (await service.check(subject, "personalization"))["allowed"]


@pytest.mark.rule("C8")
async def test_what_rests_on_another_basis_holds_no_consent_to_withdraw(service: Running) -> None:
    """Withdrawing a purpose that never rested on consent succeeds, and leaves no entry that would later deny it."""
    await service.give(customer(), "analytics")
    assert (await service.withdraw(customer(), ["service"]))["records"] == []
    assert [r["purpose"] for r in (await service.withdraw(customer(), ["service", "analytics"]))["records"]] == [
        "analytics"
    ]
    assert (await service.check(customer(), "service"))["reason"] == "contract"
