"""The rules of the past when the bundle has changed since: it is judged by the bundle in force then; over HTTP."""

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.consenting import DAY, text
from tests.running import NOTICE, Running, customer, running, succeeded

INSTANT = timedelta(microseconds=1)
ON_INTEREST = """
[purpose.security]
title = { it = "Sicurezza", en = "Security" }
description = { it = "Proteggere il negozio dagli abusi.", en = "Protect the shop from abuse." }
legal-basis = "legitimate_interest"
data = []
retention-days = 30
recipients = []
"""

Start = Callable[[], AbstractAsyncContextManager[Running]]


@pytest.fixture
def policies_dir(policies_dir: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, which a test may change between two starts."""
    return Path(shutil.copytree(policies_dir, tmp_path / "policies"))


@pytest.fixture
def start(database_url: str, policies_dir: Path, tmp_path: Path) -> Start:
    """A way to start the service with what the bundle says by then, always on the same database."""
    return lambda: running(database_url, policies_dir, tmp_path / "data")


def rest_on_interest(policies_dir: Path) -> None:
    """Base e-mail marketing, which rested on consent, on legitimate interest."""
    file = policies_dir / "purposes.toml"
    head, mark, tail = file.read_text().partition("[purpose.marketing_email]")
    block, *others = tail.split("\n\n")
    kept = [line for line in block.splitlines() if not line.startswith(("legal-basis", "valid-days", "honours"))]
    block = "\n".join([*kept, 'legal-basis = "legitimate_interest"'])
    file.write_text("\n\n".join([f"{head}{mark}{block}", *others]))


def publish(policies_dir: Path) -> None:
    """Add a major version of the shop's notice, which changes every purpose."""
    for language in ("it", "en"):
        first = policies_dir / f"notices/shop/1.0.{language}.md"
        shutil.copy(first, first.with_name(f"2.0.{language}.md"))


async def reason(service: Running, purpose: str, **clocks: datetime) -> str:
    """Why a purpose may be pursued or not for the customer, whether asked alone or in a batch."""
    asked = {name: text(time) for name, time in clocks.items()}
    verdict = await service.check(customer(), purpose, **asked)
    question: dict[str, Any] = {"subject": customer(), "purposes": [purpose], **asked}
    batch = await service.post("/v1/consents/check/batch", {"checks": [question]})
    assert succeeded(batch)["results"][0]["results"] == {purpose: verdict}
    assert verdict["allowed"] == (verdict["reason"] in ("consent_given", "legitimate_interest"))
    return verdict["reason"]


@pytest.mark.rule("C10")
async def test_a_change_of_basis_is_not_retroactive(start: Start, policies_dir: Path, tmp_path: Path) -> None:
    """Nothing is retroactive: a check `at` a time is judged by the basis of then, also when a bundle comes back."""
    shutil.copytree(policies_dir, tmp_path / "first")
    async with start():
        on_consent = datetime.now(UTC)
    rest_on_interest(policies_dir)
    async with start():
        on_interest = datetime.now(UTC)
    shutil.copytree(tmp_path / "first", policies_dir, dirs_exist_ok=True)
    async with start() as service:
        again = datetime.now(UTC)
        for at, expected in (
            (on_consent - DAY, "unknown"),
            (on_consent, "unknown"),
            (on_interest, "legitimate_interest"),
            (again, "unknown"),
        ):
            for clocks in ({"at": at}, {"known_at": at}, {"at": at, "known_at": on_consent}):
                assert await reason(service, "marketing_email", **clocks) == expected, (at, clocks)
        assert await reason(service, "marketing_email") == "unknown"


@pytest.mark.rule("C10")
async def test_what_lies_ahead_is_judged_by_the_bundle_of_today(start: Start, policies_dir: Path) -> None:
    """A check `at` a time to come, by the clock of the question, is judged by the basis of today."""
    async with start():
        now = datetime.now(UTC)
    rest_on_interest(policies_dir)
    async with start() as service:
        verdict = await service.check(customer(), "marketing_email", now=text(now), at=text(now + INSTANT))
        assert verdict["reason"] == "legitimate_interest"


@pytest.mark.rule("C10")
async def test_a_restart_with_the_same_bundle_changes_nothing(start: Start, policies_dir: Path) -> None:
    """A check `at` a time still says what it said, however often the service has been started since."""
    async with start():
        pass
    rest_on_interest(policies_dir)
    async with start():
        then = datetime.now(UTC)
    for _ in range(2):
        async with start() as service:
            assert await reason(service, "marketing_email", at=then) == "legitimate_interest"
            assert await service.count("activations") == 2


@pytest.mark.rule("C10")
async def test_a_new_notice_does_not_end_what_was_before_it(start: Start, policies_dir: Path) -> None:
    """A new major version is not retroactive: a check `at` a time before it still says allowed."""
    async with start() as service:
        await service.give(customer(), "analytics")
        given = datetime.now(UTC)
    publish(policies_dir)
    async with start() as service:
        assert await reason(service, "analytics", at=given) == "consent_given"
        assert await reason(service, "analytics", at=datetime.now(UTC)) == "invalidated"
        assert await reason(service, "analytics") == "invalidated"


@pytest.mark.rule("C24")
async def test_what_was_known_is_judged_by_the_bundle_of_then(start: Start, policies_dir: Path) -> None:
    """`known_at` shows what we knew by the bundle of then, `at` what was true; they differ for late events."""
    async with start() as service:
        await service.give(customer(), "analytics")
        sent = datetime.now(UTC)
    publish(policies_dir)
    async with start() as service:
        on_paper = {"method": "paper", "collected_at": text(sent), "notice": NOTICE | {"version": "2.0"}}
        succeeded(await service.record(customer(), {"analytics": "refused"}, **on_paper), 201)
        typed = datetime.now(UTC)
        for clocks, expected in (
            ({"at": sent}, "refused"),
            ({"known_at": sent}, "consent_given"),
            ({"at": sent, "known_at": sent}, "consent_given"),
            ({"at": typed, "known_at": sent}, "invalidated"),
            ({"known_at": typed}, "refused"),
        ):
            assert await reason(service, "analytics", **clocks) == expected, clocks


@pytest.mark.rule("C24")
async def test_a_purpose_that_was_not_there_was_not_allowed(start: Start, policies_dir: Path) -> None:
    """`at` shows what was true: a purpose that the bundle of then did not have was not allowed."""
    async with start():
        before = datetime.now(UTC)
    file = policies_dir / "purposes.toml"
    file.write_text(file.read_text() + ON_INTEREST)
    async with start() as service:
        assert await reason(service, "security", at=before) == "unknown"
        assert await reason(service, "security", at=datetime.now(UTC)) == "legitimate_interest"
        assert await reason(service, "security") == "legitimate_interest"
