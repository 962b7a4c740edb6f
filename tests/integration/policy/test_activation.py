"""An officer puts another bundle in force while the service runs: all of it, or nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service.policy import store
from service.policy.commands import activate
from service.policy.load import read, unchanged
from tests.consenting import NOON
from tests.integration.cli.playing import until
from tests.running import ORIGIN, Json, Running, customer, refused, succeeded
from tests.unit.policy.folder import Folder
from tests.visiting import walk

ADA = customer("ada")
BUNDLES = "/v1/bundles"
CURRENT = "/v1/bundles/current"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """The folder that the service reads its policies from."""
    return Folder(tmp_path / "policies")


@pytest.fixture
def policies_dir(folder: Folder) -> Path:
    """The service starts with a folder that a test can change."""
    return folder.path


async def activated(service: Running, body: Json | None = None) -> dict[str, Any]:
    """The answer to an officer who puts the folder in force, which must succeed."""
    return succeeded(await service.post(BUNDLES, body, key=service.officers[0]))


async def digest(service: Running) -> str:
    """The digest of what is in force."""
    return succeeded(await service.get(CURRENT))["digest"]


async def headline(service: Running) -> tuple[str, str]:
    """What anyone sees at the top of the home page, and by which bundle."""
    (decision,) = await service.decide(None, "home_hero", language="en")
    return decision["offer"]["content"]["headline"], decision["bundle"]


async def sees(service: Running, wanted: str) -> bool:
    """Whether a decision is made by the bundle of this digest."""
    return (await headline(service))[1] == wanted


async def test_an_officer_puts_the_folder_in_force(service: Running, folder: Folder) -> None:
    """What was changed in it holds for the next question, and who asked for it is on record."""
    before = await digest(service)
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    assert (await headline(service))[1] == before
    told = await activated(service)
    bundle = told["bundle"]
    assert (told["changed"], told["before"]) == (True, before)
    assert bundle["digest"] == folder.load().digest != before
    assert await headline(service) == ("Music as it is", bundle["digest"])
    assert succeeded(await service.get(CURRENT)) == bundle
    rows = await service.database.fetch("SELECT officer_id::text FROM activations ORDER BY activated_at")
    assert [row[0] for row in rows] == [None, bundle["activated_by"]]
    assert bundle["activated_by"] in {
        row[0] for row in await service.database.fetch("SELECT officer_id::text FROM officers")
    }


async def test_what_is_in_force_is_told_to_officers_and_keys(service: Running, folder: Folder) -> None:
    """A pipeline that has rolled out a folder can see that it is in force, and what it holds."""
    shop = folder.load()
    for key in (service.officers[0], await service.key("bundles:read")):
        told = succeeded(await service.get(CURRENT, key=key))
        assert (told["digest"], told["activated_by"]) == (shop.digest, None)
        assert told["purposes"] == list(shop.purposes)
        assert (told["counts"]["offers"], told["counts"]["caps"]) == (len(shop.offers), len(shop.contact.caps))
        assert datetime.fromisoformat(told["activated_at"]) <= datetime.now(UTC)
    refused(await service.get(CURRENT, key=await service.key("consent:read")), 403, "forbidden")


async def test_nobody_but_an_officer_changes_the_bundle(service: Running, folder: Folder) -> None:
    """No key of a server or a browser does, whatever its scopes."""
    before = await digest(service)
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    refused(await service.post(BUNDLES), 403, "forbidden")
    refused(await service.browse(BUNDLES), 403, "forbidden")
    refused(await service.post(BUNDLES, key="nobody"), 401, "unauthenticated")
    assert await digest(service) == before


async def test_the_same_folder_again_is_no_change(service: Running) -> None:
    """It is success, and nothing is written."""
    before = await service.contents()
    for body in (None, {}, {"digest": await digest(service)}, {"digest": None}):
        told = await activated(service, body)
        assert (told["changed"], told["before"]) == (False, told["bundle"]["digest"])
    assert await service.contents() == before


async def test_policies_with_mistakes_change_nothing(service: Running, folder: Folder) -> None:
    """Every mistake is told with its file and place, and what was in force stays so."""
    before, rows = await headline(service), await service.contents()
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    folder.edit("contact.toml", 'time-zone = "Europe/Rome"', 'time-zone = "Rome"')
    folder.edit("offers/do.toml", "lifetime_orders < 1", "lifetime_orders / 0 < 1")
    folder.write("offers/new.toml", "[offer.half")
    problem = refused(await service.post(BUNDLES, key=service.officers[0]), 422, "policies-refused")
    assert [error["path"] for error in problem["errors"]] == [
        "contact.toml: time-zone",
        "offers/do.toml: offer.easy-returns.rule",
        "offers/new.toml: line 1",
    ]
    assert problem["errors"][1]["message"].startswith("column 19: This divides by zero")
    assert (await headline(service), await service.contents()) == (before, rows)
    folder.path.rename(folder.path.with_name("elsewhere"))
    problem = refused(await service.post(BUNDLES, key=service.officers[0]), 422, "policies-refused")
    assert [error["path"] for error in problem["errors"]] == [".: folder"]


async def test_only_what_was_reviewed_is_put_in_force(service: Running, folder: Folder) -> None:
    """With a digest a folder that holds anything else is refused, and the problem names what it holds."""
    before = await digest(service)
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    reviewed = folder.load().digest
    folder.edit("offers/fallbacks.toml", "Music as it is", "Music as nobody reviewed it")
    problem = refused(
        await service.post(BUNDLES, {"digest": reviewed}, key=service.officers[0]), 409, "policies-differ"
    )
    assert folder.load().digest in problem["detail"]
    assert await digest(service) == before
    folder.edit("offers/fallbacks.toml", "Music as nobody reviewed it", "Music as it is")
    assert (await activated(service, {"digest": reviewed}))["bundle"]["digest"] == reviewed


@pytest.mark.parametrize("body", [{"digest": "abc"}, {"digest": "sha256:" + "A" * 64}, {"folder": "/etc"}, [], "x"])
async def test_a_request_of_another_form_changes_nothing(service: Running, folder: Folder, body: Any) -> None:
    """A digest is one, and no caller names a folder."""
    before = await digest(service)
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    refused(await service.post(BUNDLES, body, key=service.officers[0]), 422, "invalid-body")
    assert await digest(service) == before


async def test_two_officers_at_once_make_one_change(service: Running, folder: Folder) -> None:
    """Whoever comes second finds it done."""
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    told = await asyncio.gather(*(activated(service) for _ in range(10)))
    assert sorted(answer["changed"] for answer in told) == [False] * 9 + [True]
    assert await service.count("activations") == 2


async def test_whoever_activates_second_waits_for_the_first(service: Running, folder: Folder) -> None:
    """Of two processes that put the same folder in force at the same moment one makes the change."""
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    bundle, content = read(folder.path)
    first = await asyncpg.connect(service.database_url)
    try:
        transaction = first.transaction()
        await transaction.start()
        await store.activate(first, bundle.digest, content)
        second = asyncio.create_task(activate(service.database, folder.path))
        await until(lambda: waits(service))
        await transaction.commit()
        assert await second == bundle
    finally:
        await first.close()
    assert await service.count("activations") == 2


async def waits(service: Running) -> bool:
    """Whether a connection of this database waits for a lock."""
    query = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return await service.database.fetchval(query)


async def test_the_last_one_is_in_force_though_a_clock_was_set_back(service: Running, folder: Folder) -> None:
    """An activation is later than the one before it, whatever the clock says."""
    await service.database.run(
        "test.clock",
        lambda connection: connection.execute("UPDATE activations SET activated_at = $1", NOON + timedelta(days=9000)),
    )
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    assert (await activated(service))["bundle"]["digest"] == await digest(service) == folder.load().digest
    folder.edit("offers/fallbacks.toml", "Music as it is", "Music")
    assert (await activated(service))["bundle"]["digest"] == await digest(service) == folder.load().digest


async def test_what_is_asked_meanwhile_is_decided_by_one_bundle(service: Running, folder: Folder) -> None:
    """Each answer is wholly of the old bundle or wholly of the new one, and none fails."""
    await walk(service, ADA, events=["search"])
    said = {await digest(service): "Which headphones suit you?"}
    answers: list[list[dict[str, Any]]] = []
    changing = True

    async def ask() -> None:
        while changing:
            answers.append(await service.decide(ADA, "home_hero", "cart_banner", language="en"))

    asking = [asyncio.create_task(ask()) for _ in range(6)]
    for number in range(6):
        folder.write("offers/see-think.toml", guide(folder, f"Guide {number}"))
        said[(await activated(service))["bundle"]["digest"]] = f"Guide {number}"
    changing = False
    await asyncio.gather(*asking)
    assert {page[0]["bundle"] for page in answers} <= said.keys()
    for hero, cart in answers:
        assert hero["bundle"] == cart["bundle"]
        assert hero["offer"]["content"]["headline"] == said[hero["bundle"]]
    (last,) = await service.decide(ADA, "home_hero", language="en")
    assert last["offer"]["content"]["headline"] == "Guide 5"


def guide(folder: Folder, words: str) -> str:
    """The file of offers with another headline of the guide in English."""
    before, _, rest = (
        (folder.path / "offers/see-think.toml").read_text().partition("[offer.guide-headphones.content.en]\n")
    )
    return f'{before}[offer.guide-headphones.content.en]\nheadline = "{words}"\n{rest.partition(chr(10))[2]}'


async def test_whatever_derives_from_the_bundle_follows(service: Running, folder: Folder) -> None:
    """Origins of pages, kinds of identifiers, channels, languages of a notice: none of it is that of the start."""
    elsewhere = "https://elsewhere.example"
    asked = {"Origin": elsewhere, "Access-Control-Request-Method": "POST"}
    known = {"subject": {"kind": "loyalty_card", "value": "77"}, "purposes": ["analytics"]}

    async def allowed() -> str | None:
        answer = await service.http.options("/v1/decisions", headers=asked)
        return answer.headers.get("access-control-allow-origin")

    assert await allowed() is None
    refused(await service.post("/v1/consents/check", known), 422, "identifier-refused")
    refused(await service.browse("/v1/cookies", origin=elsewhere), 403, "forbidden")
    folder.edit("sites.toml", '"http://localhost:8000"', f'"{elsewhere}"')
    folder.add("identity.toml", '\n[identifier.loyalty_card]\nnormaliser = "opaque"\n')
    await activated(service)
    assert await allowed() == elsewhere
    succeeded(await service.post("/v1/consents/check", known))
    succeeded(await service.browse("/v1/cookies", origin=elsewhere), 201)
    succeeded(await service.browse("/v1/cookies", origin=ORIGIN), 201)
    folder.edit("sites.toml", f'"{elsewhere}"', '"http://localhost:8000"')
    await activated(service)
    assert await allowed() is None
    refused(await service.browse("/v1/cookies", origin=elsewhere), 403, "forbidden")


@pytest.mark.rule("C6")
async def test_a_new_major_version_of_the_notice_ends_consents_at_once(service: Running, folder: Folder) -> None:
    """From its activation on nothing is allowed on what was said before, and a tab with the old text gets 409 (C7)."""
    await service.give(ADA, "analytics")
    assert (await service.check(ADA, "analytics"))["allowed"]
    for language in ("it", "en"):
        text_of = (folder.path / f"notices/shop/1.0.{language}.md").read_text()
        folder.write(f"notices/shop/2.0.{language}.md", text_of)
    await activated(service)
    verdict = await service.check(ADA, "analytics")
    assert (verdict["allowed"], verdict["reason"]) == (False, "invalidated")
    refused(await service.record(ADA, {"analytics": "given"}), 409, "notice-superseded")


def test_a_folder_that_changes_while_it_is_read_is_noticed(folder: Folder) -> None:
    """One more byte, one file more or one less: what was read is not what the folder holds."""
    _, content = read(folder.path)
    assert unchanged(folder.path, content)
    folder.add("offers/do.toml", "\n")
    assert not unchanged(folder.path, content)
    _, content = read(folder.path)
    folder.write("offers/more.toml", "")
    assert not unchanged(folder.path, content)


async def test_what_another_process_puts_in_force_is_followed(service: Running, folder: Folder) -> None:
    """Within a second or two, from the database: a folder of another machine need not be here."""
    other = Folder(folder.path.with_name("other"))
    other.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    bundle = await activate(service.database, other.path)
    await until(lambda: sees(service, bundle.digest))


async def test_a_bundle_of_a_newer_version_is_left_alone(service: Running, folder: Folder) -> None:
    """Who does not understand all of it goes on with what it has, and follows again when it does."""
    before = await headline(service)
    content = read(folder.path)[1].replace(b"dismissal-days", b"dismissal-weeks")
    await service.database.run(
        "test.newer",
        lambda connection: connection.execute(
            "WITH kept AS (INSERT INTO bundles VALUES ('sha256:newer', $1)) INSERT INTO activations (digest) VALUES "
            "('sha256:newer')",
            content,
        ),
    )
    for _ in range(3):
        await asyncio.sleep(0.5)
        assert await headline(service) == before
    folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
    bundle = await activate(service.database, folder.path)
    await until(lambda: sees(service, bundle.digest))
