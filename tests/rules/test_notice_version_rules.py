"""The rules of a notice's versions, over HTTP: which consents outlive one, what was shown, and when to ask again."""

import hashlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.consenting import DAY, HOUR, NOON, ON_CONSENT, YEAR, of_cookie, text, visitor
from tests.running import NOTICE, ORIGIN, Running, customer, refused, running, succeeded

SIX_MONTHS = 184 * DAY
"""None that follow one another are longer."""
LANGUAGES = ("it", "en")


@pytest.fixture
def policies_dir(policies_dir: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to which a test may add a new version of the notice."""
    return Path(shutil.copytree(policies_dir, tmp_path / "policies"))


def publish(policies_dir: Path, version: str, *, changes: str = "") -> None:
    """Add a version of the shop's notice in both languages; `changes` is a line of its front matter."""
    for language in LANGUAGES:
        old = (policies_dir / f"notices/shop/1.0.{language}.md").read_text()
        new = old.replace("---\n", f"---\n{changes}\n", 1)
        (policies_dir / f"notices/shop/{version}.{language}.md").write_text(f"{new}\nVersion {version}\n")


async def look(service: Running, cookie: str | None = None, *, query: str = "") -> Any:
    """What a page of the shop is told to show."""
    headers = {"Origin": ORIGIN} | ({"Placet-Cookie": cookie} if cookie else {})
    return succeeded(await service.get(f"/v1/notices/shop{query}", key=service.browser_key, headers=headers))


def told(shown: Any) -> dict[str, tuple[str | None, str | None]]:
    """Where each purpose on consent stands, and when to ask again."""
    purposes = {p["id"]: (p["status"], p["ask_again_at"]) for p in shown["purposes"]}
    assert purposes.pop("service") == (None, None)
    return purposes


@pytest.mark.rule("C6")
async def test_a_minor_version_keeps_consents(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A minor version (typo) keeps consents."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        await service.give(customer(), *ON_CONSENT)
    publish(policies_dir, "1.1")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        for purpose in ON_CONSENT:
            assert (await service.check(customer(), purpose))["reason"] == "consent_given"


@pytest.mark.rule("C6")
async def test_a_major_version_invalidates_what_it_changes(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A major version invalidates those for the purposes it changes; a fresh grant on it allows again."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        given = await service.give(customer(), "analytics", "personalization")
        succeeded(await service.record(customer("customer-2"), {"personalization": "refused"}), 201)
    publish(policies_dir, "2.0", changes='changes = ["personalization"]')
    publish(policies_dir, "2.1")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        assert (await service.check(customer(), "analytics"))["reason"] == "consent_given"
        verdict = await service.check(customer(), "personalization")
        proof = given["records"][1]
        assert verdict == {
            "allowed": False,
            "reason": "invalidated",
            "status": "invalidated",
            "proof": proof["entry_id"],
            "valid_until": proof["valid_until"],
            "notice": {"id": "shop", "version": "1.0"},
        }
        assert (await service.check(customer("customer-2"), "personalization"))["reason"] == "refused"
        (decision,) = await service.decide(customer(), "home_hero")
        assert decision["mode"] != "profiled"
        notice = NOTICE | {"version": "2.1"}
        await service.give(customer(), "personalization", notice=notice)
        verdict = await service.check(customer(), "personalization")
        assert (verdict["reason"], verdict["notice"]["version"]) == ("consent_given", "2.1")


@pytest.mark.rule("C6")
async def test_a_major_version_that_does_not_say_changes_everything(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A major version invalidates all that it names unless it says less, also when its own text is gone later."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        await service.give(customer(), *ON_CONSENT)
    publish(policies_dir, "2.0")
    publish(policies_dir, "3.0", changes='changes = ["analytics"]')
    for gone in ((), LANGUAGES):
        for language in gone:
            (policies_dir / f"notices/shop/2.0.{language}.md").unlink()
        async with running(database_url, policies_dir, tmp_path / "data") as service:
            for purpose in ON_CONSENT:
                assert (await service.check(customer(), purpose))["reason"] == "invalidated"


@pytest.mark.rule("C6")
async def test_expiry_comes_before_a_new_version(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A major version invalidates what still held: what has expired has expired."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        given = await service.give(customer(), "analytics", now=text(NOON))
    publish(policies_dir, "2.0")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        until = given["records"][0]["valid_until"]
        assert (await service.check(customer(), "analytics", now=until))["reason"] == "expired"


@pytest.mark.rule("C4")
async def test_what_was_shown_can_be_shown_again(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """The exact text, language, version and hash shown can be produced years later, when its files are long gone."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        before = {language: (await look(service, query=f"?language={language}"))["notice"] for language in LANGUAGES}
    publish(policies_dir, "2.0")
    purposes = (policies_dir / "purposes.toml").read_text()
    (policies_dir / "purposes.toml").write_text(purposes.replace("retention-days = 395", "retention-days = 396"))
    for gone in ((), LANGUAGES):
        for language in gone:
            (policies_dir / f"notices/shop/1.0.{language}.md").unlink()
        async with running(database_url, policies_dir, tmp_path / "data") as service:
            assert (await look(service))["notice"]["version"] == "2.0"
            for language, notice in before.items():
                again = await look(service, query=f"?language={language}&version=1.0")
                assert again["notice"] == notice
                assert hashlib.sha256(again["notice"]["text"].encode()).hexdigest() == notice["sha256"]
                assert (again["presented"], again["ask"]) == (None, False)


@pytest.mark.rule("C4")
async def test_a_hash_names_one_text(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """The exact text of a hash can be produced when the facts in it changed and its version did not."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        before = (await look(service))["notice"]
    purposes = (policies_dir / "purposes.toml").read_text()
    (policies_dir / "purposes.toml").write_text(purposes.replace("retention-days = 395", "retention-days = 396"))
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        now = (await look(service, query="?version=1.0"))["notice"]
        assert now["sha256"] != before["sha256"]
        for query in (f"?sha256={before['sha256']}", f"?version=1.0&language=it&sha256={before['sha256']}"):
            assert (await look(service, query=query))["notice"] == before


@pytest.mark.rule("C4")
async def test_what_was_never_shown_is_not_made_up(service: Running) -> None:
    """The exact text of nothing cannot be produced."""
    for place in ("shop?version=9.9", "shop?version=1.0&language=de", f"shop?sha256={'0' * 64}", "other?version=1.0"):
        refused(await service.get(f"/v1/notices/{place}"), 404, "notice-unknown")


@pytest.mark.rule("C14")
@pytest.mark.parametrize(("ago", "ask"), [(HOUR, False), (SIX_MONTHS - HOUR, False), (SIX_MONTHS, True)])
async def test_a_refusal_persists_for_six_months(service: Running, ago: timedelta, ask: bool) -> None:
    """A refusal persists: the notice endpoint says not to ask again for six months."""
    cookie, _ = await visitor(service)
    shown = await look(service, cookie)
    assert (shown["ask"], told(shown)) == (True, dict.fromkeys(ON_CONSENT, ("unknown", None)))
    said = datetime.now(UTC) - ago
    succeeded(await service.record(of_cookie(cookie), dict.fromkeys(ON_CONSENT, "refused"), now=text(said)), 201)
    again = None if ask else text(said + SIX_MONTHS)
    shown = await look(service, cookie)
    assert (shown["ask"], told(shown)) == (ask, dict.fromkeys(ON_CONSENT, ("refused", again)))


@pytest.mark.rule("C14")
async def test_a_withdrawal_persists_and_a_grant_lasts(service: Running) -> None:
    """A refusal persists whenever it comes; who gave is asked again when the grant ends."""
    cookie, body = await visitor(service)
    given = succeeded(await service.browse("/v1/consents", body, cookie=cookie), 201)
    until = {record["purpose"]: record["valid_until"] for record in given["records"]}
    shown = await look(service, cookie)
    assert (shown["ask"], told(shown)) == (False, {p: ("given", until[p]) for p in ON_CONSENT})
    withdrawal = {"purposes": ["analytics"], "site": "shop"}
    withdrawn = succeeded(await service.browse("/v1/consents/withdraw", withdrawal, cookie=cookie))
    again = datetime.fromisoformat(withdrawn["records"][0]["effective_at"]) + SIX_MONTHS
    shown = await look(service, cookie)
    assert (shown["ask"], told(shown)["analytics"]) == (False, ("withdrawn", text(again)))


@pytest.mark.rule("C14")
async def test_an_expired_grant_is_asked_for_again(service: Running) -> None:
    """A refusal persists, a grant does not: its end is a time to ask."""
    cookie, _ = await visitor(service)
    long_ago = text(datetime.now(UTC) - 3 * YEAR)
    await service.give(of_cookie(cookie), *ON_CONSENT, now=long_ago)
    shown = await look(service, cookie)
    assert (shown["ask"], told(shown)["personalization"]) == (True, ("expired", None))


@pytest.mark.rule("C14")
async def test_a_changed_notice_may_ask_again(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A refusal persists unless the notice changed: only for what a major version changed, and not for a typo.

    Who objects to what it changed is not asked for a yes on the next page.
    """
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        cookie, body = await visitor(service)
        body["decisions"] |= {"personalization": "refused", "analytics": "refused"}
        succeeded(await service.browse("/v1/consents", body, cookie=cookie), 201)
    publish(policies_dir, "1.1")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        shown = await look(service, cookie)
        assert (shown["ask"], told(shown)["personalization"][0]) == (False, "refused")
    publish(policies_dir, "2.0", changes='changes = ["personalization", "marketing_email"]')
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        shown = await look(service, cookie)
        assert shown["ask"]
        assert told(shown)["personalization"] == ("refused", None)
        assert told(shown)["marketing_email"] == ("invalidated", None)
        assert datetime.fromisoformat(told(shown)["analytics"][1] or "") > datetime.now(UTC)
        assert told(shown)["model_training"][0] == "given"
        succeeded(await service.browse("/v1/objections", {"purposes": ["personalization"]}, cookie=cookie), 201)
        status, again = told(await look(service, cookie))["personalization"]
        assert (status, datetime.fromisoformat(again or "") > datetime.now(UTC)) == ("refused", True)


@pytest.mark.rule("C14")
@pytest.mark.rule("C19")
@pytest.mark.parametrize(("ago", "ask"), [(HOUR, False), (SIX_MONTHS - HOUR, False), (SIX_MONTHS, True)])
async def test_who_objected_is_not_asked_for_a_yes(service: Running, ago: timedelta, ask: bool) -> None:
    """An objection is a no that persists as a refusal does: a page that asked next would talk the person out of it."""
    cookie, _ = await visitor(service)
    objected = datetime.now(UTC) - ago
    await service.give(of_cookie(cookie), "personalization", "marketing_email", now=text(objected - DAY))
    body = {"subject": of_cookie(cookie), "purposes": list(ON_CONSENT)}
    succeeded(await service.post("/v1/objections", body, now=text(objected)), 201)
    again = None if ask else text(objected + SIX_MONTHS)
    stood = {
        "personalization": "given",
        "marketing_email": "given",
        "analytics": "unknown",
        "model_training": "unknown",
    }
    shown = await look(service, cookie)
    assert (shown["ask"], told(shown)) == (ask, {purpose: (status, again) for purpose, status in stood.items()})
    status = succeeded(await service.browse("/v1/consents/status", {}, cookie=cookie))["purposes"]
    assert {p: (status[p]["status"], status[p]["ask_again_at"]) for p in ON_CONSENT} == told(shown)


@pytest.mark.rule("C14")
@pytest.mark.rule("C19")
async def test_an_objection_to_direct_marketing_is_asked_about_nowhere(service: Running) -> None:
    """It covers all direct marketing, and no other purpose; who said yes to one since is told of that grant."""
    cookie, _ = await visitor(service)
    objected = datetime.now(UTC) - HOUR
    body = {"subject": of_cookie(cookie), "purposes": ["marketing_email"]}
    succeeded(await service.post("/v1/objections", body, now=text(objected)), 201)
    shown = await look(service, cookie)
    covered = {p for p, (_, again) in told(shown).items() if again == text(objected + SIX_MONTHS)}
    bundle = service.desks.policy.current
    assert covered == {p for p in ON_CONSENT if bundle.purposes[p].direct_marketing} >= {"marketing_email"}
    assert shown["ask"]
    given = await service.give(of_cookie(cookie), "marketing_email")
    until = given["records"][0]["valid_until"]
    assert told(await look(service, cookie))["marketing_email"] == ("given", until)


@pytest.mark.rule("C14")
async def test_a_page_without_a_cookie_is_told_the_number_of_days(service: Running) -> None:
    """A refusal persists also for whom we do not know: the page keeps it, and is told for how long."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    shown = await look(service)
    assert (shown["ask"], shown["ask_again_after_days"]) == (True, SIX_MONTHS.days)
    assert told(shown) == dict.fromkeys(ON_CONSENT, (None, None))
    by_server = succeeded(await service.get("/v1/notices/shop", headers={"Placet-Cookie": cookie}))
    assert told(by_server) == dict.fromkeys(ON_CONSENT, (None, None))
    assert (await service.check(of_cookie(cookie), "analytics"))["allowed"]


async def test_looking_leaves_no_trace(service: Running) -> None:
    """A cookie of which nothing is known is not stored by showing it the notice."""
    cookie, _ = await visitor(service)
    before = await service.contents()
    assert (await look(service, cookie))["ask"]
    await look(service, cookie, query="?version=1.0")
    assert await service.contents() == before
