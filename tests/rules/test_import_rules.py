"""The rules of consent that was collected elsewhere, over HTTP."""

import asyncio
import hashlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.consent.model import Choice, Method, NoticeShown, Record, RecordRefused
from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.subjects.model import Identifier
from tests.consenting import DAY, HOUR, NOON, ON_CONSENT, YEAR, text, visitor, written
from tests.running import NOTICE, Running, customer, refused, running, succeeded

OLD_TEXT = "Wir senden Ihnen Angebote, wenn Sie zustimmen.\n"
SHA256 = hashlib.sha256(OLD_TEXT.encode()).hexdigest()
THEN = datetime.now(UTC) - 30 * DAY
SERVER = Principal(kind="server", principal_id="test", scopes=frozenset({"consent:write"}))


@pytest.fixture
def policies_dir(policies_dir: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to which a test may add a new version of the notice."""
    return Path(shutil.copytree(policies_dir, tmp_path / "policies"))


def publish(policies_dir: Path, version: str, changes: str) -> None:
    """Add a major version of the shop's notice that changes one purpose."""
    for language in ("it", "en"):
        old = (policies_dir / f"notices/shop/1.0.{language}.md").read_text()
        new = old.replace("---\n", f'---\nchanges = ["{changes}"]\n', 1)
        (policies_dir / f"notices/shop/{version}.{language}.md").write_text(f"{new}\nVersion {version}\n")


def imported(decisions: dict[str, str], **more: Any) -> dict[str, Any]:
    """What an import says beside whom it is about."""
    return {"decisions": decisions, "method": "import", "collected_at": text(THEN), **more}


def shown(version: str, language: str = "de") -> dict[str, str]:
    """A text of elsewhere, as the version of the shop's notice that it counts as."""
    return {"id": "shop", "version": version, "language": language}


@pytest.mark.rule("C4")
async def test_a_text_shown_elsewhere_can_be_shown_again(service: Running) -> None:
    """The exact text, language, version and hash shown can be produced, also of a text that no bundle ever had."""
    for number in range(3):
        body = imported({"analytics": "given"}, notice=shown("1.0"), notice_text=OLD_TEXT)
        succeeded(await service.record(customer(str(number)), **body), 201)
    assert await service.count("notice_texts") == 1
    history = succeeded(await service.post("/v1/consents/history", {"subject": customer("0")}))
    assert history["entries"][0]["notice"] == {**shown("1.0"), "sha256": SHA256}
    again = succeeded(await service.get(f"/v1/notices/shop?sha256={SHA256}"))
    assert again["notice"] == {**shown("1.0"), "sha256": SHA256, "text": OLD_TEXT}
    assert (again["purposes"], again["presented"], again["ask"]) == ([], None, False)
    for place in (f"shop?sha256={SHA256}&version=2.0", f"other?sha256={SHA256}", "shop?version=1.0&language=de"):
        refused(await service.get(f"/v1/notices/{place}"), 404, "notice-unknown")


@pytest.mark.rule("C6")
async def test_a_text_shown_elsewhere_counts_as_the_version_that_is_named(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A major version invalidates consents for the purposes it changes, on whatever text they were given."""
    grants = dict.fromkeys(("analytics", "personalization"), "given")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        for version in ("0.0", "1.0"):
            body = imported(grants, notice=shown(version), notice_text=OLD_TEXT)
            succeeded(await service.record(customer(version), **body), 201)
        assert {(await service.check(customer("0.0"), p))["reason"] for p in grants} == {"invalidated"}
        assert {(await service.check(customer("1.0"), p))["reason"] for p in grants} == {"consent_given"}
    publish(policies_dir, "2.0", "personalization")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        assert (await service.check(customer("1.0"), "personalization"))["reason"] == "invalidated"
        assert (await service.check(customer("1.0"), "analytics"))["reason"] == "consent_given"


@pytest.mark.rule("C6")
async def test_an_import_may_rest_on_an_old_version(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A major version invalidates only what it changes, also of consents that arrive after it."""
    publish(policies_dir, "2.0", "personalization")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        grants = dict.fromkeys(("analytics", "personalization"), "given")
        succeeded(await service.record(customer(), **imported(grants)), 201)
        assert (await service.check(customer(), "personalization"))["reason"] == "invalidated"
        assert (await service.check(customer(), "analytics"))["reason"] == "consent_given"


@pytest.mark.rule("C7")
async def test_a_page_cannot_pass_its_old_notice_off_as_an_import(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A tab that still shows a superseded major version gets 409, also when it says that it imports."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        cookie, stale = await visitor(service)
    publish(policies_dir, "2.0", "personalization")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        answer = await service.browse("/v1/consents", stale | {"method": "import"}, cookie=cookie)
        refused(answer, 409, "notice-superseded")
        assert await written(service) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"method": "form"}, "$.notice_text"),
        ({"notice": shown("1.0") | {"id": "other"}}, "$.notice.id"),
        ({"notice": shown("2.0")}, "$.notice.version"),
        ({"notice": shown("spring")}, "$.notice.version"),
        ({"decisions": {"no-such-purpose": "given"}}, "$.decisions"),
    ],
)
async def test_a_text_counts_as_a_version_that_there_is(service: Running, more: dict[str, Any], path: str) -> None:
    """A text comes with an import only, for a notice, a version and purposes that there are; else none is kept."""
    body = imported({"analytics": "given"}, notice=shown("1.0"), notice_text=OLD_TEXT) | more
    problem = refused(await service.record(customer(), **body), 422, "record-refused")
    assert [fault["path"] for fault in problem["errors"]] == [path]
    assert await service.count("notice_texts") == await service.count("subjects") == 0


async def test_a_browser_brings_no_text(service: Running) -> None:
    """A page says what it shows by the token of the notice, and by nothing else."""
    cookie, grant = await visitor(service)
    body = grant | {"method": "import", "notice_text": OLD_TEXT}
    problem = refused(await service.browse("/v1/consents", body, cookie=cookie), 422, "record-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.notice_text"]


async def test_an_import_that_is_on_record_is_not_recorded_again(service: Running) -> None:
    """The ledger is the memory of imports: it names the entries that it has, also to 20 that ask at once."""
    grants = dict.fromkeys(ON_CONSENT, "given")
    answers = await asyncio.gather(*(service.record(customer(), **imported(grants)) for _ in range(20)))
    told = [succeeded(answer, 201) for answer in answers]
    assert all(each["records"] == told[0]["records"] for each in told)
    assert len([each for each in told if each["receipt"]]) == 1
    assert await service.count("ledger_entries") == len(ON_CONSENT)


@pytest.mark.parametrize(
    "more",
    [
        {"collected_at": text(THEN + HOUR)},
        {"decisions": {"analytics": "refused"}},
        {"notice": NOTICE | {"language": "en"}},
        {"notice": shown("1.0"), "notice_text": OLD_TEXT},
        {"gpc": True},
        {"method": "paper"},
    ],
)
async def test_what_differs_is_recorded(service: Running, more: dict[str, Any]) -> None:
    """Another time, decision, text, signal or method is another fact."""
    body = imported({"analytics": "given"})
    succeeded(await service.record(customer(), **body), 201)
    assert succeeded(await service.record(customer(), **body | more), 201)["receipt"]
    assert await service.count("ledger_entries") == 2


async def test_what_is_said_twice_without_a_date_is_said_twice(service: Running) -> None:
    """An import without a date takes effect when it is recorded, and so is another one each time."""
    for _ in range(2):
        succeeded(await service.record(customer(), {"analytics": "given"}, method="import"), 201)
    assert await service.count("ledger_entries") == 2


@pytest.mark.rule("C11")
async def test_an_old_grant_that_is_imported_overrides_nothing(service: Running) -> None:
    """A late-arriving older grant never overrides a refusal or withdrawal."""
    await service.give(customer(), "analytics", now=text(NOON - YEAR))
    await service.withdraw(customer(), now=text(NOON))
    old = {"method": "import", "collected_at": text(NOON - HOUR)}
    succeeded(await service.record(customer(), {"analytics": "given"}, now=text(NOON + HOUR), **old), 201)
    assert (await service.check(customer(), "analytics", now=text(NOON + 2 * HOUR)))["reason"] == "withdrawn"


@pytest.mark.rule("C11")
async def test_a_clock_ahead_of_the_database_harms_its_own_decision_only(service: Running) -> None:
    """A fast clock changes nothing: what the database finds in the future leaves no trace, the others are recorded."""
    ahead = Moment(now=datetime.now(UTC) + timedelta(days=1))
    collected = {"early": ahead.now - HOUR, "late": THEN, "later": THEN}

    async def say(name: str) -> object:
        record = Record(
            site="shop",
            decisions={"analytics": Choice.GIVEN},
            notice=NoticeShown(**NOTICE),
            method=Method.IMPORT,
            subject=Identifier(**customer(name)),
            collected_at=collected[name],
        )
        return await service.desks.consent.record(record, SERVER, None, f"key of {name}", ahead)

    early, *others = await asyncio.gather(*map(say, collected), return_exceptions=True)
    assert isinstance(early, RecordRefused)
    assert not [other for other in others if isinstance(other, BaseException)]
    assert await written(service) == (2, 2, 2, 2)
