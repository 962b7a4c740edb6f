"""The feed of changes: a recipient's copy says what a check would say, by its own names, and says how fresh it is."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import asyncpg
import pytest

from service.consent.changes import commands
from service.consent.changes.commands import forget_farewells
from tests.consenting import of_cookie, visitor
from tests.filing import erase
from tests.following import CHANGES, Copy, followed, grow
from tests.integration.cli.playing import until
from tests.linking import link, object_to, unlink
from tests.process import process_beside
from tests.running import Json, Running, customer, refused, succeeded
from tests.sequencing import execute

ADA, BOB = customer("ada-marker"), customer("bob-marker")


async def name_of(service: Running, recipient: str, subject: Json) -> str:
    """What a recipient calls somebody."""
    answer = await service.post("/v1/pseudonyms", {"recipient": recipient, "subjects": [subject]})
    return succeeded(answer)["pseudonyms"][0]


async def test_a_copy_says_what_a_check_says(service: Running) -> None:
    """Grants, withdrawals and late news arrive, each by the recipient's own pseudonym, for its purposes alone."""
    crm = await followed(service, "crm")
    await service.give(ADA, "personalization", "analytics")
    await service.give(BOB, "analytics")
    await grow(service)
    (change,) = await crm.refresh()
    assert change["pseudonym"] == await name_of(service, "crm", ADA)
    assert change["purposes"].keys() == {"service", "personalization"}
    assert change["purposes"]["personalization"] == await service.check(ADA, "personalization")
    await service.withdraw(ADA, ["personalization"])
    await grow(service)
    await crm.refresh()
    assert crm.people[change["pseudonym"]]["personalization"] == await service.check(ADA, "personalization")
    assert crm.allowed("personalization") == [False]
    late = {"method": "paper", "collected_at": "2026-01-01T10:00:00Z"}
    succeeded(await service.record(ADA, {"personalization": "given"}, **late), 201)
    await grow(service)
    await crm.refresh()
    assert crm.allowed("personalization") == [False]
    assert "ada-marker" not in str(crm.pages)


@pytest.mark.rule("I4")
async def test_two_recipients_have_nothing_in_common_in_their_copies(service: Running) -> None:
    """What each is told of the same people shares no name, and neither is told of the other's purposes."""
    crm, ads = await followed(service, "crm"), await followed(service, "ads")
    for person in (ADA, BOB):
        await service.give(person, "personalization", "analytics")
    await grow(service)
    for copy in (crm, ads):
        await copy.refresh()
        assert len(copy.people) == 2
    assert crm.people.keys().isdisjoint(ads.people)
    assert {purpose for known in ads.people.values() for purpose in known} == {"analytics"}


async def test_whatever_protects_arrives(service: Running) -> None:
    """An objection, a restriction and its end change what a copy says, as they change a check."""
    crm, newsletter = await followed(service, "crm"), await followed(service, "newsletter")

    async def told() -> list[tuple[str, bool]]:
        await grow(service)
        for copy in (crm, newsletter):
            await copy.refresh()
        (one,), (other,) = crm.people.values(), newsletter.people.values()
        verdicts = one["personalization"], other["marketing_email"]
        assert list(verdicts) == [await service.check(ADA, p) for p in ("personalization", "marketing_email")]
        return [(verdict["reason"], verdict["allowed"]) for verdict in verdicts]

    await service.give(ADA, "personalization", "marketing_email")
    given = ("consent_given", True)
    assert await told() == [given, given]
    await object_to(service, ADA, "marketing_email")
    assert await told() == [given, ("objected", False)]
    succeeded(await service.post("/v1/restrictions", {"subject": ADA}, key=service.officers[0]), 201)
    assert await told() == [("restricted", False)] * 2
    succeeded(
        await service.post("/v1/restrictions/lift", {"subject": ADA, "told": "by letter"}, key=service.officers[0])
    )
    assert await told() == [given, ("objected", False)]


async def test_a_link_and_its_end_arrive(service: Running) -> None:
    """What a browser's refusal brings the person whom it is linked to, and takes away again, is told of the person."""
    crm = await followed(service, "crm")
    await service.give(ADA, "personalization")
    cookie, _ = await visitor(service)
    succeeded(await service.record(of_cookie(cookie), {"personalization": "refused"}), 201)
    await link(service, cookie, ADA)
    await grow(service)
    await crm.refresh()
    ada = await name_of(service, "crm", ADA)
    assert not crm.people[ada]["personalization"]["allowed"]
    await unlink(service, cookie)
    await grow(service)
    await crm.refresh()
    assert crm.people[ada]["personalization"] == await service.check(ADA, "personalization")
    assert crm.people[ada]["personalization"]["allowed"]


@pytest.mark.rule("R9")
async def test_who_follows_is_told_of_an_erasure(service: Running) -> None:
    """A recipient without an endpoint hears of an erasure by the name that nobody can compute any more, and only it."""
    crm, ads = await followed(service, "crm"), await followed(service, "ads")
    for person in (ADA, BOB):
        await service.give(person, "personalization", "analytics")
    await grow(service)
    await asyncio.gather(crm.refresh(), ads.refresh())
    names = {copy: await name_of(service, recipient, ADA) for copy, recipient in ((crm, "crm"), (ads, "ads"))}
    await erase(service, ADA)
    await grow(service)
    for copy, name in names.items():
        (change,) = await copy.refresh()
        assert change == {"pseudonym": name, "erased": True, "purposes": {}}
        assert len(copy.people) == 1
        anew = Copy(service, copy.key)
        await anew.refresh()
        assert anew.people == copy.people
    await execute(service, "UPDATE farewells SET erased_at = erased_at - interval '31 days'")
    await forget_farewells(service.database)
    assert await service.count("farewells") == 0


@pytest.mark.rule("R12")
async def test_a_farewell_is_sealed(service: Running) -> None:
    """After an erasure the pseudonym is in no table in clear, while it is kept for who follows."""
    await followed(service, "crm")
    subject_id = (await service.give(ADA, "personalization"))["subject_id"]
    name = await name_of(service, "crm", ADA)
    await erase(service, ADA)
    assert await service.count("farewells") == 1
    connection = await asyncpg.connect(service.database_url)
    try:
        for spelling in (name, subject_id):
            query = "SELECT count(*) FROM farewells f WHERE f::text LIKE $1"
            assert await connection.fetchval(query, f"%{spelling}%") == 0
    finally:
        await connection.close()


async def test_it_says_how_fresh_a_copy_is(service: Running) -> None:
    """What waits for the tree is not claimed; once it is in, the copy is as fresh as the answer."""
    crm = await followed(service, "crm")
    before = datetime.now(UTC)
    given = await service.give(ADA, "personalization")
    await crm.refresh()
    recorded = datetime.fromisoformat(given["records"][0]["recorded_at"])
    assert datetime.fromisoformat(crm.pages[-1]["as_of"]) <= recorded
    assert crm.people == {}
    await grow(service)
    await crm.refresh()
    assert datetime.fromisoformat(crm.pages[-1]["as_of"]) > recorded > before
    assert crm.pages[-1]["tree_size"] == 1
    assert crm.pages[-1]["bundle"].startswith("sha256:")


async def test_it_comes_in_pages_and_loses_nothing(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many changes there are, each page is short, and all pages together tell of everybody."""
    monkeypatch.setattr(commands, "LEAVES", 10)
    crm = await followed(service, "crm")
    await asyncio.gather(*(service.give(customer(f"customer {n}"), "personalization", "analytics") for n in range(40)))
    await grow(service)
    await crm.refresh()
    assert len(crm.people) == 40
    assert len(crm.pages) == 8
    assert [page["as_of"] is None for page in crm.pages] == [True] * 7 + [False]


async def test_many_wait_and_all_are_woken(service: Running) -> None:
    """Sixty who wait hear of a change within moments; whoever waits in vain is answered when the time is over."""
    copies = [await followed(service, "crm") for _ in range(60)]
    waiting = [asyncio.create_task(copy.refresh(wait=20)) for copy in copies]
    started = perf_counter()
    await until(lambda: service.desks.changes._tide._waiting == len(copies))
    await service.give(BOB, "analytics")  # a change that is none of theirs
    await grow(service)
    await service.give(ADA, "personalization")
    await grow(service)
    came = await asyncio.gather(*waiting)
    assert [len(changes) for changes in came] == [1] * len(copies)
    assert perf_counter() - started < 15
    assert service.desks.changes._tide._waiting == 0
    assert await copies[0].refresh(wait=1) == []


async def test_a_place_survives_restarts(service: Running, policies_dir: Path, tmp_path: Path) -> None:
    """Another process goes on where the first one stopped, and a place that a restore took away is told apart."""
    crm = await followed(service, "crm")
    await service.give(ADA, "personalization")
    await grow(service)
    await crm.refresh()
    await service.give(BOB, "personalization")
    await grow(service)
    async with process_beside(service, policies_dir, tmp_path / "log", works=False) as other:
        crm.service = other
        (change,) = await crm.refresh()
    assert change["pseudonym"] == await name_of(service, "crm", BOB)
    crm.service = service
    refused(await crm.ask(after=uuid4()), 409, "place-lost")
    refused(await crm.ask(after="x"), 422, "invalid-body")
    refused(await crm.ask(wait=31), 422, "invalid-body")


async def test_only_a_recipient_follows(service: Running) -> None:
    """Neither a key of the controller's own, nor an officer, nor a page, and no recipient that the bundle has not."""
    refused(await service.get(CHANGES), 403, "no-recipient")
    for key in (service.officers[0], await service.key("consent:read")):
        refused(await service.get(CHANGES, key=key), 403, "forbidden")
    stranger = await followed(service, "nobody")
    refused(await stranger.ask(), 403, "no-recipient")
