"""Links in any order and at any time: the projection stays the fold of the ledger, and no race half merges."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import Any

import pytest

from tests.consenting import NOON, of_cookie, text
from tests.filing import REQUESTS, filing
from tests.folding import folded, projected
from tests.linking import LINK, UNLINK, cookie, link, unlink
from tests.linking import say as say_one
from tests.running import NOTICE, Json, Running, customer, succeeded

PEOPLE = [customer("ada"), customer("bob")]
SECONDS, MOST_SECONDS = 3.0, 60.0
ENOUGH = 12
RACED = "SELECT least(sum((kind = 'linked')::int), 2 * sum((kind = 'erasure')::int)) FROM ledger_entries"
BUSY, CONFLICT = 503, 409
ASTRAY = """
SELECT count(*) FROM lookups l LEFT JOIN subjects s ON s.subject_id = coalesce(l.linked_to, l.subject_id)
WHERE s.state IS DISTINCT FROM 'active'
"""


async def agree(service: Running) -> None:
    """Every subject's projections are what the ledger leads to."""
    assert await projected(service.database) == await folded(service.database)


async def standings_agree(service: Running, subjects: list[Json]) -> None:
    """What a check reads now is what folding the ledger says of this moment."""
    for subject in subjects:
        for purpose in ("analytics", "marketing_email"):
            at = text(datetime.now(UTC) + timedelta(hours=1))
            now = await service.check(subject, purpose, now=at)
            then = await service.check(subject, purpose, now=at, at=at)
            assert now == then, subject


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_links_the_projection_is_the_fold_of_the_ledger(service: Running, seed: int) -> None:
    """Decisions, objections and restrictions of two browsers and two people, linked and unlinked again, at random."""
    chance = random.Random(seed)  # noqa: S311 - a history that can be repeated
    browsers = [await cookie(service), await cookie(service)]
    everyone = [*PEOPLE, *map(of_cookie, browsers)]
    restored = 0
    for _ in range(16):
        await speak(service, chance, chance.choice(everyone))
        value = of_cookie(chance.choice(browsers))
        ended = succeeded(await service.post(UNLINK, {"identifier": value}))
        restored += [purpose["outcome"] for purpose in ended["purposes"].values()].count("restored")
        await agree(service)
        await speak(service, chance, value)
        person = chance.choice(PEOPLE)
        succeeded(await service.post(LINK, {"anonymous": value, "known": person}))
        await agree(service)
    assert restored
    await standings_agree(service, everyone)


async def speak(service: Running, chance: random.Random, subject: Json) -> None:
    """Say something at random, object, or have the data restricted or no longer."""
    purpose = chance.choice(["analytics", "marketing_email"])
    match chance.choice(["say", "say", "say", "object", "restrict", "lift"]):
        case "say":
            await say_one(service, subject, chance.choice(["given", "refused", "withdrawn"]), purpose)
        case "object":
            succeeded(await service.post("/v1/objections", {"subject": subject, "purposes": [purpose]}), 201)
        case "restrict":
            await service.post("/v1/restrictions", {"subject": subject}, key=service.officers[0])
        case _:
            await service.post(
                "/v1/restrictions/lift", {"subject": subject, "told": "by letter"}, key=service.officers[0]
            )


async def test_a_clock_that_was_set_back_loses_no_link(service: Running) -> None:
    """A replay that links at an earlier time than it unlinked still finds the link that lasts."""
    value = await cookie(service)
    await say_one(service, of_cookie(value), "refused", "analytics", now=text(NOON))
    await link(service, value, PEOPLE[0])
    await unlink(service, value)
    again = await link(service, value, PEOPLE[0], now=text(NOON))
    assert await link(service, value, PEOPLE[0], now=text(NOON)) == again
    assert (await unlink(service, value, now=text(NOON)))["purposes"]["analytics"]["outcome"] == "restored"


async def test_the_same_link_twenty_times_at_once_is_one(service: Running) -> None:
    """Parallel calls that say the same thing are answered alike, and one of them has written."""
    value = of_cookie(await cookie(service))
    await say_one(service, value, "refused", "analytics")
    body = {"anonymous": value, "known": PEOPLE[0]}
    answers = await asyncio.gather(*(service.post(LINK, body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["link"] for answer in answers}) == 1
    kinds = await service.database.fetch("SELECT kind FROM ledger_entries")
    assert sorted(row["kind"] for row in kinds) == ["consent", "consent", "link", "linked"]


async def test_no_race_half_merges(service: Running) -> None:
    """Links and unlinks against decisions and erasures on both sides: nobody is told of a deadlock or left astray."""
    browsers = [await cookie(service) for _ in range(2)]
    outcomes: list[int] = []
    turns, over = count(), asyncio.Event()

    async def keep_at(act: Callable[[Running, str, Json], Awaitable[int]]) -> None:
        while not over.is_set():
            turn = next(turns)
            outcomes.append(await act(service, browsers[turn % 2], PEOPLE[turn // 2 % 2]))

    async def watch() -> None:
        began = monotonic()
        while monotonic() < began + SECONDS or await service.database.fetchval(RACED) < ENOUGH:
            await service.http.get("/health/live")
            assert monotonic() < began + MOST_SECONDS, "too few links to have raced with anything"
        over.set()

    acts = [*[_link] * 4, *[_unlink] * 3, *[_browse] * 3, *[_serve] * 3, _erase_known, _erase_browser, _ask]
    async with asyncio.TaskGroup() as tasks:
        for act in acts:
            tasks.create_task(keep_at(act))
        tasks.create_task(watch())
    assert set(outcomes) <= {200, 201, CONFLICT, BUSY}, set(outcomes)
    assert outcomes.count(BUSY) <= len(outcomes) // 20
    assert await service.database.fetchval(ASTRAY) == 0
    await agree(service)
    gone = "SELECT count(*) FROM {} JOIN subjects s USING (subject_id) WHERE s.state = 'erased'"
    for table in ("consent_state", "objections", "restrictions", "lookups"):
        assert await service.database.fetchval(gone.format(table)) == 0, table
    full = " AND kind <> 'erasure' AND payload IS NOT NULL"
    assert await service.database.fetchval(gone.format("ledger_entries") + full) == 0


def _decided(**decisions: str) -> dict[str, Any]:
    return {"site": "shop", "decisions": decisions, "notice": NOTICE, "method": "form"}


async def _link(service: Running, value: str, person: Json) -> int:
    return (await service.post(LINK, {"anonymous": of_cookie(value), "known": person})).status_code


async def _unlink(service: Running, value: str, _: Json) -> int:
    return (await service.post(UNLINK, {"identifier": of_cookie(value)})).status_code


async def _browse(service: Running, value: str, _: Json) -> int:
    withdrawal = {"purposes": "all", "site": "shop"}
    return (await service.browse("/v1/consents/withdraw", withdrawal, cookie=value)).status_code


async def _serve(service: Running, value: str, person: Json) -> int:
    subject = person if random.random() < 0.5 else of_cookie(value)  # noqa: S311 - no secret
    body = {"subject": subject, **_decided(analytics="given", personalization="refused")}
    return (await service.post("/v1/consents", body)).status_code


async def _ask(service: Running, value: str, _: Json) -> int:
    body = {"subject": of_cookie(value), "purposes": ["analytics"], "at": text(NOON)}
    return (await service.post("/v1/consents/check", body)).status_code


async def _erase_known(service: Running, _: str, person: Json) -> int:
    return await _erase(service, person)


async def _erase_browser(service: Running, value: str, _: Json) -> int:
    return await _erase(service, of_cookie(value))


async def _erase(service: Running, subject: Json) -> int:
    filed = await service.post(REQUESTS, filing("erasure", subject))
    if filed.status_code == BUSY:
        return BUSY
    path = f"{REQUESTS}/{filed.json()['request_id']}/approve"
    return (await service.post(path, key=service.officers[0])).status_code
