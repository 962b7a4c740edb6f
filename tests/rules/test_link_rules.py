"""The rules of linking, over HTTP: no wins, nothing is raised, and undoing a link restores."""

import shutil
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from service.policy.commands import activate
from tests.consenting import DAY, HOUR, NOON, ON_CONSENT, YEAR, of_cookie, text
from tests.filing import erase
from tests.linking import LINK, SAID, UNLINK, cookie, history, link, object_to, say, unlink, verdicts
from tests.running import Json, Running, customer, refused, succeeded

ADA = customer("ada")


@pytest.fixture
async def adopting(service: Running, policies_dir: Path, tmp_path: Path) -> Running:
    """The service with a bundle that adopts what browsers gave."""
    folder = Path(shutil.copytree(policies_dir, tmp_path / "adopting"))
    file = folder / "identity.toml"
    file.write_text(file.read_text().replace("adopt-anonymous-grants = false", "adopt-anonymous-grants = true"))
    service.desks.policy.current = await activate(service.database, folder)
    return service


async def every_pair(service: Running) -> list[tuple[str, str, str, Json]]:
    """A browser and somebody known for each pair of what two can have said: what, the cookie, and the person."""
    pairs = []
    for number, (browser, known) in enumerate(product(SAID, SAID)):
        value, person = await cookie(service), customer(f"person-{number}")
        await say(service, of_cookie(value), browser, "analytics")
        await say(service, person, known, "analytics")
        pairs.append((browser, known, value, person))
    return pairs


@pytest.mark.rule("I6")
async def test_a_link_never_raises_a_permission_and_unlinking_restores(service: Running) -> None:
    """Whatever both had said, after the link the known subject is allowed no more, and after it exactly as before."""
    for browser, known, value, person in await every_pair(service):
        own, before = await verdicts(service, of_cookie(value)), await verdicts(service, person)
        answer = await link(service, value, person)
        after = await verdicts(service, person)
        assert await verdicts(service, of_cookie(value)) == after
        assert after["analytics"]["allowed"] == (known == "given" and browser in {"nothing", "given"}), (browser, known)
        if (browser, known) != ("nothing", "nothing"):
            merged = answer["purposes"]["analytics"]
            assert (merged["outcome"], merged["status"]) == _expected(browser, known, adopts=False)
            assert merged["status"] == after["analytics"]["status"]
        await unlink(service, value)
        assert await verdicts(service, person) == before
        assert await verdicts(service, of_cookie(value)) == own


@pytest.mark.rule("I6")
async def test_a_grant_is_adopted_only_by_somebody_who_never_decided(adopting: Running) -> None:
    """Where the bundle adopts what browsers gave, no known subject is allowed more but one who had said nothing."""
    for browser, known, value, person in await every_pair(adopting):
        before = await verdicts(adopting, person)
        answer = await link(adopting, value, person)
        after = await verdicts(adopting, person)
        adopted = (browser, known) == ("given", "nothing")
        lasting = known == "given" and browser in {"nothing", "given"}
        assert after["analytics"]["allowed"] == (lasting or adopted), (browser, known)
        if (browser, known) != ("nothing", "nothing"):
            merged = answer["purposes"]["analytics"]
            assert (merged["outcome"], merged["status"]) == _expected(browser, known, adopts=True)
        await unlink(adopting, value)
        assert await verdicts(adopting, person) == before


def _expected(browser: str, known: str, *, adopts: bool) -> tuple[str, str]:
    if known in {"refused", "withdrawn"}:
        return "refusal_kept", known
    if browser in {"refused", "withdrawn"}:
        return "refusal_adopted", browser
    if known == "given":
        return "grant_kept", "given"
    return ("grant_adopted", "given") if adopts else ("grant_not_adopted", "unknown")


@pytest.mark.rule("I6")
async def test_an_adopted_grant_is_no_longer_and_no_stronger_than_it_was(adopting: Running) -> None:
    """It keeps the age, the end and the text of the browser's; one that ran out meanwhile is not adopted."""
    value = await cookie(adopting)
    long_ago, lately = text(NOON - YEAR), text(NOON - 2 * DAY)
    await adopting.give(of_cookie(value), "analytics", now=long_ago)
    given = await adopting.give(of_cookie(value), "personalization", now=lately)
    answer = await link(adopting, value, ADA, now=text(NOON))
    assert answer["purposes"]["analytics"]["outcome"] == "grant_not_adopted"
    assert "expired" in answer["purposes"]["analytics"]["why"]
    adopted = await adopting.check(ADA, "personalization", now=text(NOON))
    assert (adopted["allowed"], adopted["valid_until"]) == (True, given["records"][0]["valid_until"])
    (entry,) = await history(adopting, ADA)
    assert (entry["effective_at"], entry["recorded_at"]) == (lately, text(NOON))
    assert (entry["link"], entry["method"], entry["notice"]["version"]) == (answer["link"], "form", "1.0")
    assert not (await adopting.check(ADA, "personalization", now=text(NOON), at=text(NOON - DAY)))["allowed"]


@pytest.mark.rule("I6")
async def test_an_adopted_grant_yields_to_a_no_that_arrives_late(adopting: Running) -> None:
    """A refusal on paper wins over a grant that a browser gave after it: the person had decided for themselves."""
    value = await cookie(adopting)
    await adopting.give(of_cookie(value), "analytics", now=text(NOON))
    await link(adopting, value, ADA, now=text(NOON + HOUR))
    assert (await adopting.check(ADA, "analytics", now=text(NOON + HOUR)))["allowed"]
    late = {"method": "paper", "collected_at": text(NOON - DAY), "now": text(NOON + DAY)}
    succeeded(await adopting.record(ADA, {"analytics": "refused"}, **late), 201)
    assert (await adopting.check(ADA, "analytics", now=text(NOON + DAY)))["reason"] == "refused"


@pytest.mark.rule("I6")
async def test_an_objection_is_a_decision_that_keeps_a_grant_from_being_adopted(adopting: Running) -> None:
    """Who objected to direct marketing gets no grant of it from a browser, and a browser's objection reaches them."""
    value, other = await cookie(adopting), await cookie(adopting)
    await adopting.give(of_cookie(value), "marketing_email")
    await object_to(adopting, ADA, "marketing_email")
    assert (await link(adopting, value, ADA))["purposes"]["marketing_email"]["outcome"] == "grant_not_adopted"
    assert (await adopting.check(ADA, "marketing_email"))["reason"] == "objected"
    await object_to(adopting, of_cookie(other), "analytics")
    bob = customer("bob")
    await adopting.give(bob, "analytics")
    assert (await link(adopting, other, bob))["objections"] == ["analytics"]
    assert (await adopting.check(bob, "analytics"))["reason"] == "objected"
    await unlink(adopting, other)
    assert (await adopting.check(bob, "analytics"))["allowed"]


@pytest.mark.rule("I6")
async def test_a_restriction_reaches_the_known_subject_and_ends_with_the_link(service: Running) -> None:
    """A browser's data that may only be stored is no freer through a link; an officer's restriction outlives that."""
    for number, again in enumerate((False, True)):
        value, person = await cookie(service), customer(f"restricted-{number}")
        await service.give(person, "analytics")
        await service.give(of_cookie(value), "analytics")
        await _officer(service, "/v1/restrictions", of_cookie(value))
        assert (await link(service, value, person))["restricted"] is True
        assert (await service.check(person, "analytics"))["reason"] == "restricted"
        if again:
            await _officer(service, "/v1/restrictions", person)
        await unlink(service, value)
        assert (await service.check(person, "analytics"))["allowed"] is not again
        assert (await service.check(of_cookie(value), "analytics"))["reason"] == "restricted"


async def _officer(service: Running, path: str, subject: Json) -> None:
    assert (await service.post(path, {"subject": subject}, key=service.officers[0])).status_code < 300


@pytest.mark.rule("I6")
async def test_what_was_said_after_the_link_stays(service: Running) -> None:
    """Unlinking takes back what the link brought, and nothing that the known subject said since."""
    value = await cookie(service)
    for purpose in ("analytics", "personalization", "model_training"):
        await say(service, of_cookie(value), "refused", purpose)
    await service.give(ADA, "analytics", "personalization")
    await link(service, value, ADA)
    await service.give(ADA, "personalization")
    await service.withdraw(ADA, ["model_training"])
    answer = await unlink(service, value)
    assert {purpose: tuple(restored.values()) for purpose, restored in answer["purposes"].items()} == {
        "analytics": ("given", "restored"),
        "personalization": ("given", "kept"),
        "model_training": ("withdrawn", "kept"),
    }
    assert (await service.check(ADA, "model_training"))["reason"] == "withdrawn"


@pytest.mark.rule("I6")
async def test_a_refusal_that_arrives_late_is_not_overridden_by_what_unlinking_restores(service: Running) -> None:
    """A refusal on paper from before the unlinking counts after it, as if there had been no link."""
    value = await cookie(service)
    await service.give(ADA, "analytics", now=text(NOON))
    await say(service, of_cookie(value), "refused", "analytics", now=text(NOON))
    await link(service, value, ADA, now=text(NOON + DAY))
    await unlink(service, value, now=text(NOON + 3 * DAY))
    late = {"method": "paper", "collected_at": text(NOON + 2 * DAY), "now": text(NOON + 4 * DAY)}
    succeeded(await service.record(ADA, {"analytics": "refused"}, **late), 201)
    assert (await service.check(ADA, "analytics", now=text(NOON + 4 * DAY)))["reason"] == "refused"


@pytest.mark.rule("I6")
@pytest.mark.parametrize("first", [0, 1])
async def test_unlinking_one_browser_leaves_the_no_of_another(service: Running, first: int) -> None:
    """Of two browsers that said no each counts while it is linked, whichever of them goes first."""
    browsers = [await cookie(service), await cookie(service)]
    before = await service.give(ADA, "analytics")
    for value in browsers:
        await say(service, of_cookie(value), "refused", "analytics")
        await object_to(service, of_cookie(value), "personalization")
        await link(service, value, ADA)
    await unlink(service, browsers[first])
    assert (await service.check(ADA, "analytics"))["reason"] == "refused"
    assert (await service.check(ADA, "personalization"))["reason"] == "objected"
    await unlink(service, browsers[1 - first])
    assert (await service.check(ADA, "analytics"))["proof"] == before["records"][0]["entry_id"]
    assert (await service.check(ADA, "personalization"))["reason"] == "unknown"


@pytest.mark.rule("I6")
async def test_a_past_question_is_answered_by_what_held_then(service: Running) -> None:
    """Before, during and after a link a check `at` that time says what held, for the person and for the cookie."""
    value = await cookie(service)
    await service.give(ADA, "analytics", "personalization", now=text(NOON))
    await say(service, of_cookie(value), "refused", "analytics", now=text(NOON))
    await link(service, value, ADA, now=text(NOON + 2 * HOUR))
    await unlink(service, value, now=text(NOON + 4 * HOUR))
    told = {}
    for who, subject in (("ada", ADA), ("cookie", of_cookie(value))):
        for hour in (1, 3, 5):
            at = text(NOON + hour * HOUR)
            now = text(NOON + 6 * HOUR)
            for purpose in ("analytics", "personalization"):
                told[who, hour, purpose] = (await service.check(subject, purpose, now=now, at=at))["reason"]
            known = await service.check(subject, "analytics", now=now, at=at, known_at=at)
            assert known["reason"] == told[who, hour, "analytics"]
    assert told == {
        ("ada", 1, "analytics"): "consent_given",
        ("ada", 1, "personalization"): "consent_given",
        ("ada", 3, "analytics"): "refused",
        ("ada", 3, "personalization"): "consent_given",
        ("ada", 5, "analytics"): "consent_given",
        ("ada", 5, "personalization"): "consent_given",
        ("cookie", 1, "analytics"): "refused",
        ("cookie", 1, "personalization"): "unknown",
        ("cookie", 3, "analytics"): "refused",
        ("cookie", 3, "personalization"): "consent_given",
        ("cookie", 5, "analytics"): "refused",
        ("cookie", 5, "personalization"): "unknown",
    }


@pytest.mark.rule("I6")
async def test_strangers_are_linked_too(service: Running) -> None:
    """The cookie of a stranger means the known subject from the link on, also if that one was never seen before."""
    value = await cookie(service)
    answer = await link(service, value, ADA)
    assert (answer["purposes"], answer["objections"], answer["restricted"]) == ({}, [], False)
    assert (await service.give(ADA, "analytics"))["subject_id"] == answer["subject_id"]
    assert (await service.check(of_cookie(value), "analytics"))["allowed"]


@pytest.mark.rule("I6")
async def test_linking_again_changes_nothing(service: Running) -> None:
    """The same link again is answered alike and writes nothing; neither does unlinking what is not linked."""
    value = await cookie(service)
    await say(service, of_cookie(value), "refused", "analytics")
    await service.give(ADA, "analytics")
    first = await link(service, value, ADA)
    before = await service.contents()
    assert await link(service, value, ADA) == first
    assert await service.contents() == before
    await unlink(service, value)
    before = await service.contents()
    for _ in range(2):
        assert await unlink(service, value) == {"subject_id": None, "purposes": {}}
    assert await unlink(service, await cookie(service)) == {"subject_id": None, "purposes": {}}
    assert await service.contents() == before


@pytest.mark.rule("I6")
async def test_a_browser_belongs_to_one_at_a_time(service: Running) -> None:
    """Linking a browser to another person is a conflict that names the remedy, and moves nothing."""
    value = await cookie(service)
    await link(service, value, ADA)
    body = {"anonymous": of_cookie(value), "known": customer("bob")}
    problem = refused(await service.post(LINK, body), 409, "linked-elsewhere")
    assert "/v1/subjects/unlink" in problem["detail"]
    await unlink(service, value)
    await link(service, value, customer("bob"))


@pytest.mark.rule("C21")
async def test_the_same_idempotency_key_links_once(service: Running) -> None:
    """A link that is sent again with its key is answered with what was answered first; another body is a conflict."""
    value, headers = await cookie(service), {"Idempotency-Key": "once"}
    body = {"anonymous": of_cookie(value), "known": ADA}
    first = succeeded(await service.post(LINK, body, headers=headers))
    ended = succeeded(await service.post(UNLINK, {"identifier": of_cookie(value)}, headers={"Idempotency-Key": "off"}))
    assert ended["subject_id"] == first["subject_id"]
    assert succeeded(await service.post(LINK, body, headers=headers)) == first
    other = body | {"known": customer("bob")}
    refused(await service.post(LINK, other, headers=headers), 409, "idempotency-conflict")


@pytest.mark.rule("D1")
async def test_what_a_browser_did_before_it_was_linked_is_not_read_for_the_known_subject(service: Running) -> None:
    """Contacts of the browser stay its own: a link moves decisions about the person to what they consented to."""
    value = await cookie(service)
    await service.give(of_cookie(value), *ON_CONSENT)
    now = text(datetime.now(UTC))
    for _ in range(4):
        assert (await service.touch(of_cookie(value), "view_product", now))["outcome"] == "stored"
    before = await service.position(of_cookie(value))
    await service.give(ADA, *ON_CONSENT)
    await link(service, value, ADA)
    assert before["stage"] is not None
    assert (await service.position(of_cookie(value)))["stage"] is None
    await unlink(service, value)
    assert (await service.position(of_cookie(value)))["stage"] == before["stage"]


@pytest.mark.rule("I6")
async def test_somebody_erased_is_linked_as_a_stranger(service: Running) -> None:
    """A link to somebody who was erased meets nobody known: nothing of before comes back."""
    value = await cookie(service)
    before = await service.give(ADA, "analytics")
    await erase(service, ADA)
    answer = await link(service, value, ADA)
    assert answer["subject_id"] != before["subject_id"]
    assert (await service.check(of_cookie(value), "analytics"))["reason"] == "unknown"
