"""I3: rotating a key splits nobody, loses nobody and needs no stop."""

import asyncio
import itertools
import json
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.consenting import of_cookie
from tests.filing import REQUESTS, approve_all, fetch, file, filing, opened
from tests.folding import folded, projected
from tests.integration.cli.playing import until
from tests.linking import cookie, link, unlink, verdicts
from tests.mailing import letters_of
from tests.process import ROOT, process_beside
from tests.rotating import keys, keys_started
from tests.running import Running, customer, refused, running, succeeded

PEOPLE = 60
LINES = 6
"""People who are spoken of at the same moment."""
ORPHANS = "SELECT count(*) FROM subjects s WHERE NOT EXISTS (SELECT FROM lookups l WHERE l.subject_id = s.subject_id)"
VERSIONS = "SELECT array_agg(DISTINCT substring(lookup FOR 2)) FROM lookups"
STAGE = "SELECT oldest, newest, reads FROM key_stages WHERE use = 'lookup'"
LOOKED = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity a, key_stages s
        WHERE s.use = 'lookup' AND a.datname = current_database() AND a.query LIKE $1 AND a.query_start > s.changed_at
    )
"""
STAGES = [(1, 2, 1), (1, 2, 2), (2, 2, 2)]
"""How far a rotation is while it waits for the transactions that are going on."""
NEW = b"\x00\x02"


async def whole(service: Running, people: int) -> None:
    """Everybody is one subject, found by the new key alone."""
    assert await service.count("lookups") == await service.count("subjects") == people
    assert await service.database.fetchval(VERSIONS) == [NEW]
    assert await service.database.fetchval(ORPHANS) == 0
    assert await projected(service.database) == await folded(service.database)
    held = json.loads((service.data_dir / "keys.json").read_text())["keys"]
    assert [key["version"] for key in held if key["use"] == "lookup"] == [2]


async def stage(service: Running) -> tuple[int, int, int]:
    """How far the rotation of the lookup key is."""
    return tuple(await service.database.fetchrow(STAGE))  # pyright: ignore[reportReturnType] - three numbers


@asynccontextmanager
async def standing_at(service: Running, wanted: tuple[int, int, int]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A rotation that stands at a stage, because a transaction that began before it is still going on."""
    before = await _going_on(service)
    rotation = await keys_started(service, "rotate", "lookup")
    for one in STAGES:
        await until(lambda one=one: _is(service, one))
        if one == wanted:
            break
        before, over = await _going_on(service), before
        await over.close()
    try:
        yield rotation
    finally:
        await before.close()
        if rotation.returncode is None:
            await rotation.communicate()


async def _is(service: Running, wanted: tuple[int, int, int]) -> bool:
    """Whether the rotation is at a stage, and has looked which transactions it waits for there."""
    looked = await service.database.fetchval(LOOKED, "%virtualtransaction AS name%")
    return await stage(service) == wanted and looked


async def _going_on(service: Running) -> asyncpg.Connection:
    connection = await asyncpg.connect(service.database_url)
    await connection.execute("BEGIN")
    return connection


class Line:
    """One person after the other: said through one process, seen by the other."""

    def __init__(self, processes: list[Running], chance: random.Random) -> None:
        self._processes = processes
        self._chance = chance
        self.subjects: dict[str, set[str]] = {}
        self.standing: dict[str, bool] = {}

    async def speak(self, name: str) -> None:
        """Say yes or no, here or there, or both at once; whoever asks elsewhere is told so at once."""
        here, there = self._chance.sample(self._processes, 2)
        allowed = self._chance.random() < 0.5
        if name not in self.standing and self._chance.random() < 0.5:
            said = await asyncio.gather(*(one.give(customer(name), "analytics") for one in (here, there)))
            allowed = True
        elif allowed:
            said = [await here.give(customer(name), "analytics")]
        else:
            said = [await here.withdraw(customer(name), ["analytics"])]
        found = {answer["subject_id"] for answer in said} - {None}
        self.subjects.setdefault(name, set()).update(found)
        self.standing[name] = allowed
        assert (await there.check(customer(name), "analytics"))["allowed"] == allowed


@pytest.mark.rule("I3")
async def test_rotating_the_lookup_key_under_load_splits_nobody(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """While two processes record and check, the key is rotated; everyone stays one, and every answer is right."""
    chance = random.Random(3)  # noqa: S311 - the same each time, as far as a race can be
    over = asyncio.Event()
    async with process_beside(service, policies_dir, tmp_path / "log") as other:
        lines = [Line([service, other], chance) for _ in range(LINES)]

        async def drive(number: int, line: Line) -> None:
            for turn in itertools.count():
                if over.is_set() and turn >= PEOPLE:
                    return
                await line.speak(f"person-{number}-{turn if chance.random() < 0.3 else turn // 7}")

        async with asyncio.TaskGroup() as driving:
            for number, line in enumerate(lines):
                driving.create_task(drive(number, line))
            await until(lambda: all(len(line.standing) >= 3 for line in lines))
            rotated = await keys(service, "rotate", "lookup")
            over.set()
        assert (rotated.status, "Traceback" in rotated.complained) == (0, False), rotated.complained
        for line in lines:
            for name, allowed in line.standing.items():
                assert (await other.check(customer(name), "analytics"))["allowed"] == allowed
    everybody = [found for line in lines for found in line.subjects.values() if found]
    assert all(len(found) == 1 for found in everybody)
    assert len(set().union(*everybody)) == len(everybody)
    await whole(service, len(everybody))


@pytest.mark.rule("I3")
@pytest.mark.parametrize("at", STAGES, ids=["both, by the old", "both, by the new", "the new"])
async def test_a_rotation_that_is_killed_goes_on(
    service: Running, policies_dir: Path, tmp_path: Path, at: tuple[int, int, int]
) -> None:
    """Killed at any stage, everybody is found, by a process that starts then too; run again, it ends."""
    for number in range(10):
        await service.give(customer(f"old-{number}"), "analytics")
    async with standing_at(service, at) as rotation:
        await asyncio.gather(*(service.give(customer(f"new-{number}"), "analytics") for number in range(10)))
        rotation.send_signal(signal.SIGKILL)
        await rotation.communicate()
    names = [f"{when}-{number}" for when in ("old", "new") for number in range(10)]
    async with process_beside(service, policies_dir, tmp_path / "log") as other:
        for name in names:
            for process in (service, other):
                assert (await process.check(customer(name), "analytics"))["allowed"]
        assert (await service.give(customer("last"), "analytics"))["subject_id"] == (
            await other.give(customer("last"), "analytics")
        )["subject_id"]
        again = await keys(service, "rotate", "lookup")
        assert (again.status, "Traceback" in again.complained) == (0, False), again.complained
        for name in [*names, "last"]:
            assert (await other.check(customer(name), "analytics"))["allowed"]
    await whole(service, 21)


@pytest.mark.rule("I3")
@pytest.mark.parametrize("at", STAGES[:2], ids=["both, by the old", "both, by the new"])
async def test_who_is_new_or_leaves_during_a_rotation_has_both_names_or_none(
    service: Running, at: tuple[int, int, int]
) -> None:
    """Between the keys everybody new is found by both, and whoever is erased by neither."""
    await service.give(customer("erased"), "analytics")
    async with standing_at(service, at):
        given = await service.give(customer(), "analytics")
        rows = await service.database.fetch(
            "SELECT substring(lookup FOR 2) AS version, subject_id::text FROM lookups WHERE subject_id = $1",
            given["subject_id"],
        )
        assert {(row["version"], row["subject_id"]) for row in rows} == {
            (b"\x00\x01", given["subject_id"]),
            (NEW, given["subject_id"]),
        }
        await approve_all(service, (await file(service, "erasure", customer("erased")))["request_id"])
    assert (await service.check(customer("erased"), "analytics"))["reason"] == "unknown"
    assert await service.count("lookups") == 1


@pytest.mark.rule("I3")
@pytest.mark.parametrize("at", STAGES, ids=["both, by the old", "both, by the new", "the new"])
async def test_links_survive_a_rotation(service: Running, at: tuple[int, int, int]) -> None:
    """A link made before or during a rotation leads where it led, and can be undone afterwards."""
    before, during, undone = [await cookie(service) for _ in range(3)]
    await service.give(customer(), "analytics")
    for value in (before, undone):
        await link(service, value, customer())
    async with standing_at(service, at):
        await link(service, during, customer())
        await unlink(service, undone)
    for value, reason in ((before, "consent_given"), (during, "consent_given"), (undone, "unknown")):
        assert (await verdicts(service, of_cookie(value)))["analytics"]["reason"] == reason
    await unlink(service, before)
    await unlink(service, during)
    for value in (before, during):
        assert (await verdicts(service, of_cookie(value)))["analytics"]["reason"] == "unknown"
    await whole(service, 4)


@pytest.mark.rule("I3")
async def test_requests_name_the_same_people_after_a_rotation(service: Running) -> None:
    """What was filed before leads to the person afterwards; where it names somebody unknown the old key waits."""
    await service.give(customer("known"), "analytics")
    known = await file(service, "access", customer("known"))
    unknown = await file(service, "access", customer("unknown"))
    assert (await service.post(REQUESTS, filing("access", customer("done")))).status_code == 202
    waits = await keys(service, "rotate", "lookup")
    assert (waits.status, "2 open rights request(s)" in waits.complained) == (1, True), waits.complained
    assert await stage(service) == (1, 2, 2)
    await service.give(customer("unknown"), "analytics")
    await service.database.run(
        "test.close",
        lambda connection: connection.execute(
            "UPDATE rights_requests SET closed_at = received_at WHERE request_id <> ALL($1::uuid[])",
            [known["request_id"], unknown["request_id"]],
        ),
    )
    again = await keys(service, "rotate", "lookup")
    assert again.status == 0, again.complained
    await whole(service, 2)
    for request in (known, unknown):
        await approve_all(service, request["request_id"])
        answer = await fetch(service, request["request_id"], "package")
        assert answer.status_code == 200
    named = await service.database.fetch("SELECT lookups FROM rights_requests ORDER BY request_id")
    assert [[lookup[:2] for lookup in row["lookups"]] for row in named] == [[NEW], [NEW], []]


@pytest.mark.rule("I3")
async def test_a_code_proves_the_same_identifier_after_a_rotation(service: Running) -> None:
    """Somebody who was sent a code before the key changed enters it afterwards, and is found."""
    ada = {"kind": "email", "value": "ada@example.com"}
    await service.give(ada, "analytics")
    request_id = (await file(service, "access", ada, verified=None))["request_id"]
    (letter,) = await letters_of(service, request_id)
    rotated = await keys(service, "rotate", "lookup")
    assert rotated.status == 0, rotated.complained
    path = f"{REQUESTS}/{request_id}"
    assert succeeded(await service.post(f"{path}/verify", {"code": letter["code"]}))["state"] == "open"
    assert (await opened(service, request_id))["subjects"] == 1


@pytest.mark.rule("I3")
async def test_a_process_that_fell_behind_is_refused_and_not_wrong(service: Running) -> None:
    """One that has learnt of nothing says `unavailable` rather than that nobody is there, and records nobody twice."""
    given = await service.give(customer(), "analytics")
    async with _behind(service) as behind:
        async with standing_at(service, STAGES[0]):
            pass
        await whole(service, 1)
        check = await behind.post("/v1/consents/check", {"subject": customer(), "purposes": ["analytics"]})
        verdict = refused(check, 503, "check-unavailable")["results"]["analytics"]
        assert (verdict["allowed"], verdict["reason"]) == (False, "unavailable")
        withdrawal = {"subject": customer(), "purposes": "all", "site": "shop"}
        refused(await behind.post("/v1/consents/withdraw", withdrawal), 503, "unavailable")
        refused(await behind.post(REQUESTS, filing("access", customer())), 503, "unavailable")
        refused(await behind.record(customer(), {"analytics": "refused"}), 503, "unavailable")
    assert (await service.give(customer(), "analytics"))["subject_id"] == given["subject_id"]
    await whole(service, 1)


@pytest.mark.rule("I3")
async def test_a_process_that_is_one_stage_behind_learns_when_it_records_somebody(service: Running) -> None:
    """It is told by the statement that would record them, reads the key file again, and writes both names."""
    async with _behind(service) as behind, standing_at(service, STAGES[0]):
        await behind.give(customer(), "analytics")
        assert await service.database.fetchval("SELECT count(*) FROM lookups") == 2
        assert await service.count("subjects") == 1
    await whole(service, 1)


@asynccontextmanager
async def _behind(service: Running) -> AsyncIterator[Running]:
    """Another service on the same database that does not follow what is published."""
    async with running(service.database_url, ROOT / "policies", service.data_dir, follows=False) as behind:
        yield behind
