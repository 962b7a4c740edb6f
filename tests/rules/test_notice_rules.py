"""The rules of the notice that was shown, over HTTP."""

import shutil
from pathlib import Path

import pytest

from tests.consenting import ON_CONSENT, of_cookie, visitor, written
from tests.running import NOTICE, Running, customer, refused, running, succeeded


@pytest.fixture
def policies_dir(policies_dir: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to which a test may add a new version of the notice."""
    return Path(shutil.copytree(policies_dir, tmp_path / "policies"))


def publish(policies_dir: Path, version: str) -> None:
    """Add a version of the shop's notice, in both languages."""
    for language in ("it", "en"):
        old = (policies_dir / f"notices/shop/1.0.{language}.md").read_text()
        (policies_dir / f"notices/shop/{version}.{language}.md").write_text(f"{old}\nVersion {version}\n")


@pytest.mark.rule("C7")
async def test_a_tab_with_a_superseded_notice_records_nothing(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A tab that still shows a superseded major version gets 409, nothing recorded."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        cookie, stale = await visitor(service)
        succeeded(await service.browse("/v1/consents", stale, cookie=cookie), 201)
    publish(policies_dir, "2.0")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        before = await written(service)
        headers = {"Idempotency-Key": "stale"}
        problem = refused(
            await service.browse("/v1/consents", stale, cookie=cookie, headers=headers), 409, "notice-superseded"
        )
        assert "/v1/notices" in problem["detail"]
        answer = await service.record(customer(), {"analytics": "given"})
        refused(answer, 409, "notice-superseded")
        assert await written(service) == before
        _, current = await visitor(service)
        assert current["notice"]["version"] == "2.0"
        recorded = succeeded(await service.browse("/v1/consents", current, cookie=cookie, headers=headers), 201)
        assert len(recorded["records"]) == len(ON_CONSENT)
        assert (await service.check(of_cookie(cookie), "analytics"))["notice"]["version"] == "2.0"


@pytest.mark.rule("C7")
async def test_a_tab_with_an_earlier_minor_version_still_records(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """A superseded major version gets 409; a corrected typo does not make what was read another text."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        cookie, stale = await visitor(service)
    publish(policies_dir, "1.1")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        succeeded(await service.browse("/v1/consents", stale, cookie=cookie), 201)
        assert (await service.check(of_cookie(cookie), "analytics"))["notice"]["version"] == "1.0"


@pytest.mark.rule("C7")
async def test_a_notice_that_was_not_shown_records_nothing(service: Running) -> None:
    """What a tab showed is proven by its token: without it, or with that of another text, nothing is recorded."""
    cookie, body = await visitor(service)
    english = succeeded(await service.get("/v1/notices/shop?language=en"))["presented"]
    for presented in (None, english, "x", body["presented"] + "A", body["presented"].replace(".", "A.")):
        answer = await service.browse("/v1/consents", body | {"presented": presented}, cookie=cookie)
        problem = refused(answer, 422, "record-refused")
        assert [fault["path"] for fault in problem["errors"]] == ["$.presented"]
    for notice in ({"version": "1.1"}, {"id": "other"}, {"language": "de"}):
        answer = await service.record(customer(), {"analytics": "given"}, notice=NOTICE | notice)
        assert refused(answer, 422, "record-refused")["errors"][0]["path"] == "$.notice"
    assert await written(service) == (0, 0, 0, 0)


@pytest.mark.rule("C8")
async def test_a_withdrawal_is_possible_whatever_became_of_the_notice(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """Withdrawing needs no notice to be shown: a tab that is too old to give is not too old to withdraw."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        cookie, grant = await visitor(service)
        succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    publish(policies_dir, "2.0")
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        body = {"purposes": ["analytics"], "site": "shop"}
        succeeded(await service.browse("/v1/consents/withdraw", body, cookie=cookie))
        assert (await service.check(of_cookie(cookie), "analytics"))["reason"] == "withdrawn"
        assert (await service.check(of_cookie(cookie), "personalization"))["reason"] != "withdrawn"
