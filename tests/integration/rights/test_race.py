"""Grants, imports, contacts and withdrawals in flight against erasures of the same people."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from tests.filing import REQUESTS, erase, filing
from tests.running import NOTICE, Running, customer

PEOPLE = [customer(f"racing-{number}") for number in range(4)]
SECONDS = 5.0
ENOUGH_ERASED = 12
MOST_SECONDS = 60.0
BUSY = 503
SUPPRESSED = 409
LONG_AGO = "2026-01-10T10:00:00Z"

LEFT_BEHIND = """
SELECT count(*) FROM {table} t JOIN subjects s ON s.subject_id = t.subject_id AND s.state = 'erased'
"""
ERASED = "SELECT count(*) FROM subjects WHERE state = 'erased'"

Act = Callable[[Running, dict[str, str], int], Awaitable[int]]


async def test_a_grant_in_flight_never_survives_an_erasure(service: Running) -> None:
    """Whatever arrives while people are erased, no row is left of an erased subject, and each was erased once."""
    outcomes: dict[Act, Counter[int]] = {}
    began = monotonic()
    turns = itertools.count()
    over = asyncio.Event()

    async def keep_at(act: Act) -> None:
        while not over.is_set():
            turn = next(turns)
            outcomes.setdefault(act, Counter())[await act(service, PEOPLE[turn % len(PEOPLE)], turn)] += 1

    async def watch() -> None:
        while monotonic() < began + SECONDS or await service.database.fetchval(ERASED) < ENOUGH_ERASED:
            await service.http.get("/health/live")
            assert monotonic() < began + MOST_SECONDS, "too few erasures to have raced with anything"
        over.set()

    acts = [*[_grant] * 8, *[_import] * 2, *[_touch] * 3, *[_decide] * 2, _withdraw, *[_erase] * 6]
    async with asyncio.TaskGroup() as tasks:
        for act in acts:
            tasks.create_task(keep_at(act))
        tasks.create_task(watch())

    _were_answered(outcomes)
    for table in ("consent_state", "touchpoints", "lookups", "decisions", "idempotency"):
        assert await service.database.fetchval(LEFT_BEHIND.format(table=table)) == 0, table
    await _each_was_erased_once_and_whole(service)
    for person in PEOPLE:
        await erase(service, person)
        assert await _import(service, person, 0) == SUPPRESSED
    assert await service.count("lookups") == 0


def _were_answered(outcomes: Mapping[Act, Counter[int]]) -> None:
    """Imports bring back nobody who was erased, no other act is refused, and few have to wait."""
    of_all = sum(outcomes.values(), Counter[int]())
    assert of_all[BUSY] <= of_all.total() // 20
    assert outcomes[_import][SUPPRESSED] > 0
    for act, told in outcomes.items():
        assert set(told) <= {200, 201, BUSY} | ({SUPPRESSED} if act is _import else set()), (act, told)


async def _each_was_erased_once_and_whole(service: Running) -> None:
    """Each erased subject has one entry that says so, and holds nothing else; each living one was never erased."""
    erased = await service.database.fetchval(ERASED)
    entries = "SELECT count(*) FROM ledger_entries e JOIN subjects s USING (subject_id) WHERE "
    assert await service.database.fetchval(entries + "kind = 'erasure' AND state = 'erased'") == erased
    assert await service.database.fetchval(entries + "kind = 'erasure' AND state = 'active'") == 0
    full = (
        "state = 'erased' AND kind <> 'erasure' AND (payload IS NOT NULL OR salt IS NOT NULL OR evidence IS NOT NULL)"
    )
    assert await service.database.fetchval(entries + full) == 0
    assert await service.database.fetchval("SELECT count(*) FROM lookups") <= len(PEOPLE)


async def _grant(service: Running, person: dict[str, str], turn: int) -> int:
    decisions = {"analytics": "given", "personalization": "given"}
    body = {"subject": person, "site": "shop", "decisions": decisions, "notice": NOTICE, "method": "form"}
    headers = {"Idempotency-Key": f"turn-{turn}"}
    return (await service.post("/v1/consents", body, headers=headers)).status_code


async def _import(service: Running, person: dict[str, str], _: int) -> int:
    """What was collected long ago elsewhere, which makes nobody of who was erased since."""
    record = service.record(person, {"analytics": "given"}, method="import", collected_at=LONG_AGO)
    return (await record).status_code


async def _touch(service: Running, person: dict[str, str], _: int) -> int:
    touchpoint = {"subject": person, "event": "purchase", "channel": "web", "occurred_at": "2026-03-01T10:00:00Z"}
    return (await service.post("/v1/touchpoints", {"touchpoints": [touchpoint]})).status_code


async def _withdraw(service: Running, person: dict[str, str], _: int) -> int:
    body = {"subject": person, "purposes": "all", "site": "shop"}
    return (await service.post("/v1/consents/withdraw", body)).status_code


async def _decide(service: Running, person: dict[str, str], _: int) -> int:
    body = {"subject": person, "site": "shop", "placements": ["home_hero"]}
    return (await service.post("/v1/decisions", body)).status_code


async def _erase(service: Running, person: dict[str, str], turn: int) -> int:
    others = [PEOPLE[(turn + 1) % len(PEOPLE)]] if turn % 3 == 0 else []
    filed = await service.post(REQUESTS, filing("erasure", person, *others))
    if filed.status_code == BUSY:
        return BUSY
    path = f"{REQUESTS}/{filed.json()['request_id']}/approve"
    return (await service.post(path, key=service.officers[0])).status_code
