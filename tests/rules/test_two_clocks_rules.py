"""The rules of the two clocks: what was true at a time, and what was known at one; over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.consenting import DAY, HOUR, NOON, YEAR, text
from tests.running import Running, customer, refused, succeeded

INSTANT = timedelta(microseconds=1)
LATER = text(NOON + 30 * DAY)


async def asked(service: Running, **clocks: datetime) -> dict[str, Any]:
    """The verdict on analytics of the customer, asked a month later, by other clocks."""
    return await service.check(customer(), "analytics", now=LATER, **{name: text(at) for name, at in clocks.items()})


@pytest.mark.rule("C10")
async def test_a_withdrawal_is_not_retroactive(service: Running) -> None:
    """Withdrawal is not retroactive: a check `at` a time before it still says allowed."""
    given = await service.give(customer(), "analytics", now=text(NOON))
    withdrawn = await service.withdraw(customer(), ["analytics"], now=text(NOON + DAY))
    grant, withdrawal = given["records"][0], withdrawn["records"][0]
    for at, reason, proof in (
        (NOON - INSTANT, "unknown", None),
        (NOON, "consent_given", grant["entry_id"]),
        (NOON + DAY - INSTANT, "consent_given", grant["entry_id"]),
        (NOON + DAY, "withdrawn", withdrawal["entry_id"]),
        (NOON + 2 * YEAR, "withdrawn", withdrawal["entry_id"]),
    ):
        verdict = await asked(service, at=at)
        assert (verdict["allowed"], verdict["reason"], verdict["proof"]) == (reason == "consent_given", reason, proof)
    assert (await asked(service))["reason"] == "withdrawn"


@pytest.mark.rule("C10")
async def test_renewal_and_expiry_are_judged_at_that_time(service: Running) -> None:
    """Withdrawal is not retroactive, nor is expiry: each grant has its own time, and one ahead can be asked about."""
    await service.give(customer(), "analytics", now=text(NOON))
    await service.give(customer(), "analytics", now=text(NOON + YEAR + DAY))
    for at, reason in (
        (NOON + YEAR - INSTANT, "consent_given"),
        (NOON + YEAR, "expired"),
        (NOON + YEAR + DAY, "consent_given"),
        (NOON + 2 * YEAR + DAY, "expired"),
    ):
        assert (await asked(service, at=at))["reason"] == reason


@pytest.mark.rule("C24")
async def test_what_was_known_and_what_was_true_differ_for_late_events(service: Running) -> None:
    """`known_at` shows what we knew, `at` what was true; they differ for late events."""
    await service.give(customer(), "analytics", now=text(NOON))
    on_paper = {"method": "paper", "collected_at": text(NOON + DAY)}
    succeeded(await service.record(customer(), {"analytics": "refused"}, now=text(NOON + 10 * DAY), **on_paper), 201)
    sent, typed = NOON + 5 * DAY, NOON + 10 * DAY
    for clocks, reason in (
        ({"at": sent}, "refused"),
        ({"known_at": sent}, "consent_given"),
        ({"at": sent, "known_at": sent}, "consent_given"),
        ({"at": sent, "known_at": typed - INSTANT}, "consent_given"),
        ({"at": sent, "known_at": typed}, "refused"),
        ({"at": NOON + HOUR, "known_at": typed}, "consent_given"),
        ({"at": NOON, "known_at": NOON - INSTANT}, "unknown"),
        ({"known_at": typed}, "refused"),
    ):
        assert (await asked(service, **clocks))["reason"] == reason, clocks


@pytest.mark.rule("C24")
async def test_what_will_be_known_is_not_answered(service: Running) -> None:
    """`known_at` shows what we knew: one that lies in the future is 422, and fails alone in a batch."""
    question = {"subject": customer(), "purposes": ["analytics"]}
    ahead = question | {"known_at": text(NOON + HOUR)}
    answer = await service.post("/v1/consents/check", ahead, now=text(NOON))
    problem = refused(answer, 422, "question-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.known_at"]
    checks = [ahead, question | {"known_at": text(NOON)}]
    answer = await service.post("/v1/consents/check/batch", {"checks": checks}, now=text(NOON))
    first, second = succeeded(answer)["results"]
    assert [fault["path"] for fault in first["problem"]["errors"]] == ["$.known_at"]
    assert second["results"]["analytics"]["reason"] == "unknown"


@pytest.mark.rule("C24")
async def test_a_batch_may_mix_the_clocks(service: Running) -> None:
    """`known_at` shows what we knew, `at` what was true, for each question of a batch by itself."""
    await service.give(customer(), "analytics", now=text(NOON))
    await service.give(customer("other"), "analytics", now=text(NOON))
    await service.withdraw(customer(), now=text(NOON + DAY))
    clocks: list[dict[str, str]] = [{}, {"at": text(NOON)}, {"known_at": text(NOON - DAY)}, {"at": text(NOON + YEAR)}]
    checks = [
        {"subject": customer(who), "purposes": ["analytics", "service"], **clock}
        for who in ("customer-1", "other", "stranger")
        for clock in clocks
    ]
    answers = succeeded(await service.post("/v1/consents/check/batch", {"checks": checks}, now=LATER))["results"]
    assert [answer["results"]["analytics"]["reason"] for answer in answers] == [
        *("withdrawn", "consent_given", "unknown", "withdrawn"),
        *("consent_given", "consent_given", "unknown", "expired"),
        *["unknown"] * 4,
    ]
    assert {answer["results"]["service"]["reason"] for answer in answers} == {"contract"}


@pytest.mark.rule("C24")
async def test_another_clock_leaves_the_signal_of_the_question(service: Running) -> None:
    """`at` shows what was true for a question with Global Privacy Control on, too."""
    await service.give(customer(), "marketing_email", "analytics", now=text(NOON))
    now = await service.check(customer(), "analytics", now=LATER, gpc=True)
    then = await service.check(customer(), "analytics", now=LATER, gpc=True, at=text(NOON))
    assert now == then


@pytest.mark.rule("C24")
async def test_what_protected_then_protects_then(service: Running) -> None:
    """`at` shows what was true: an objection and a restriction count from when they were made, until they ended."""
    officer = await service.key("rights:decide")  # an officer's own token cannot choose the time
    subject = {"subject": customer()}
    await service.give(customer(), "analytics", now=text(NOON))
    objecting = subject | {"purposes": ["analytics"]}
    succeeded(await service.post("/v1/objections", objecting, now=text(NOON + DAY)), 201)
    await service.give(customer(), "analytics", now=text(NOON + 2 * DAY))
    ending = subject | {"told": "by letter"}
    succeeded(await service.post("/v1/restrictions", subject, key=officer, now=text(NOON + 3 * DAY)), 201)
    succeeded(await service.post("/v1/restrictions/lift", ending, key=officer, now=text(NOON + 4 * DAY)))
    for days, reason in enumerate(("consent_given", "objected", "consent_given", "restricted", "consent_given")):
        for clock in ("at", "known_at"):
            assert (await asked(service, **{clock: NOON + days * DAY}))["reason"] == reason, (days, clock)
    assert (await asked(service, at=NOON + 3 * DAY, known_at=NOON))["reason"] == "consent_given"
