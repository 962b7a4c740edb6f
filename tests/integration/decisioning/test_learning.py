"""Tables of chances: computed once for all processes, without keeping anybody waiting, and followed by who decides."""

import asyncio
from pathlib import Path

import asyncpg
import msgspec
import pytest

from service.decisioning.learning import arms
from service.decisioning.learning.commands import SLICE, Learner, _wins, refresh
from service.decisioning.learning.model import Arm, Counts
from service.decisioning.learning.rules import SAMPLES
from service.decisioning.tables import Tables
from service.kernel.clock import system_now
from service.kernel.database import Database
from service.kernel.ids import new_id
from tests.reporting import report, shown
from tests.running import Running, customer
from tests.unit.policy.folder import Folder
from tests.visiting import waited_for, walk

ADA = customer("ada-marker")
IMPRESSION = "INSERT INTO interactions VALUES ($1, $2, 'impression', $3, $4, 'think', now(), now(), $5, true, false)"
AGE = "UPDATE arm_tables SET computed_at = now() - make_interval(days => $1)"


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The shop, whose home page draws by what was learnt."""
    folder = Folder(tmp_path / "policies")
    folder.edit("placements.toml", 'fallback = "welcome"', 'fallback = "welcome"\nranking = "thompson"\nfloor = 0.05')
    return folder.path


async def teach(service: Running, offer: str, shown: int, succeeded: int, stage: str = "think") -> None:
    """Let an arm of the home page count more."""
    lesson = {Arm("home_hero", stage, offer): Counts(shown, succeeded)}
    await service.database.run("test.teach", lambda connection: arms.add(connection, lesson))


async def tables_of(service: Running) -> dict[tuple[str, str], dict[str, float]]:
    """The newest tables, as a process reads them that has none yet."""
    tables = Tables()
    await refresh(service.database, tables)
    return {slot: dict(table.probabilities) for slot, table in tables.current.items()}


async def test_a_table_is_computed_when_its_arms_change(service: Running) -> None:
    """One for each stage of which something was learnt, and none again until something else was."""
    assert await service.desks.learner.run() == 0
    await teach(service, "guide-headphones", 100, 1)
    await teach(service, "turntable-setup", 100, 60)
    await teach(service, "brand-story", 1, 1, stage="see")
    assert [await service.desks.learner.run() for _ in range(3)] == [2, 0, 0]
    tables = await tables_of(service)
    assert tables.keys() == {("home_hero", "see"), ("home_hero", "think")}
    thinking = tables["home_hero", "think"]
    assert thinking.keys() >= {"guide-headphones", "turntable-setup"}
    assert thinking["turntable-setup"] > 0.25
    assert thinking["guide-headphones"] == pytest.approx(0.05)
    assert all(sum(table.values()) == pytest.approx(1.0) and min(table.values()) >= 0.05 for table in tables.values())
    await teach(service, "turntable-setup", 13, 0)
    assert await service.desks.learner.run() == 0
    await teach(service, "turntable-setup", 1, 0)
    assert await service.desks.learner.run() == 1
    assert await service.count("arm_tables") == 3


async def test_only_offers_that_suit_the_stage_compete(service: Running) -> None:
    """Also those that nobody was shown yet; an arm of an offer that the placement no longer has counts for nothing."""
    await teach(service, "no-longer-there", 1000, 999)
    await service.desks.learner.run()
    bundle = service.desks.policy.current
    offers = {
        o.id for o in bundle.offers.values() if "home_hero" in o.placements and (not o.stages or "think" in o.stages)
    }
    assert (await tables_of(service))["home_hero", "think"].keys() == offers - {"welcome"}


async def test_one_of_any_number_of_processes_computes(service: Running) -> None:
    """While one is at it the others do nothing, and afterwards there is nothing left to do."""
    await teach(service, "guide-headphones", 10, 1)
    others = [Database(service.database_url, size=2) for _ in range(3)]
    try:
        learners = [Learner(database, service.desks.policy) for database in (service.database, *others)]
        assert sum(await asyncio.gather(*(learner.run() for learner in learners))) == 1
    finally:
        for database in others:
            await database.close()
    assert await service.count("arm_tables") == 1


async def test_others_get_their_turn_while_a_table_is_computed() -> None:
    """The samples are drawn in slices, so that no check has to wait for a table."""
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    taking = asyncio.create_task(take_turns())
    assert sum((await _wins(["one", "other"], {}, new_id())).values()) == SAMPLES
    taking.cancel()
    assert turns >= SAMPLES * 2 // SLICE


async def test_old_tables_are_kept_while_a_decision_may_refer_to_them(service: Running) -> None:
    """Until the longest retention of decisions is over; the newest of each slot stays for ever."""
    await teach(service, "guide-headphones", 10, 1)
    await service.desks.learner.run()
    connection = await asyncpg.connect(service.database_url)
    try:
        for days, left in ((729, 2), (731, 1)):
            await connection.execute(AGE, days)
            await teach(service, "guide-headphones", 10, 1)
            assert await service.desks.learner.run() == 1
            assert await connection.fetchval("SELECT count(*) FROM arm_tables") == left
    finally:
        await connection.close()


async def test_a_process_that_decides_follows(service: Running) -> None:
    """A decision is drawn by the newest table soon after it was computed, and its propensity is what that says."""
    await walk(service, ADA, events=["search"])
    (before,) = await service.decide(ADA, "home_hero")
    await report(service, before["token"], "impression", "click")
    assert await service.desks.learner.run() == 1
    async with asyncio.timeout(10):
        while not service.desks.decisions.tables.current:
            await service.http.get("/health/live")
    table = service.desks.decisions.tables.current["home_hero", "think"]
    (after,) = await service.decide(ADA, "home_hero")
    left = {offer: table.probabilities[offer] for offer in await _competing(service)}
    assert after["propensity"] == pytest.approx(left[after["offer"]["id"]] / sum(left.values()))
    assert before["propensity"] == pytest.approx(1 / len(left))


async def _competing(service: Running) -> list[str]:
    """The offers that suit whoever has searched, of those that need nothing of the page."""
    row = await service.database.fetchrow("SELECT subject_id, inputs FROM decisions ORDER BY decided_at DESC LIMIT 1")
    assert row is not None
    opened = service.desks.subjects.open("decisions", "inputs", row["subject_id"], row["inputs"])
    return list(msgspec.json.decode(opened)["draw"]["weights"])


async def test_of_two_who_report_at_once_one_counts_the_offer_as_shown(service: Running) -> None:
    """A click that arrives while its impression is being kept waits for it, and does not count it again."""
    await walk(service, ADA, events=["search"])
    token = await shown(service, ADA)
    claims = service.desks.tokens.open(token, system_now())
    connection = await asyncpg.connect(service.database_url)
    try:
        async with connection.transaction():
            await connection.execute(
                IMPRESSION,
                claims.subject_id,
                claims.decision_id,
                claims.placement,
                claims.offer,
                list(claims.purposes),
            )
            clicking = asyncio.create_task(report(service, token, "click"))
            await waited_for(service, "transactionid")
    finally:
        await connection.close()
    assert await clicking == ["stored"]
    rows = await service.database.fetch("SELECT event, shown, succeeded FROM interactions ORDER BY event")
    assert [tuple(row) for row in rows] == [("click", False, True), ("impression", True, False)]
