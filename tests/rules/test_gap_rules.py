"""A restored backup lacks what was said since, withdrawals perhaps: nothing is allowed until an officer saw to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.ledger import note
from service.ledger.gap.leaves import LEAF_BYTES
from service.ledger.model import CheckpointRefused
from tests.auditing import ledger
from tests.integration.cli.playing import until
from tests.restoring import backed_up, restore
from tests.running import Running, customer, refused, running, succeeded
from tests.sequencing import execute, published, sequencer_of

ADA, BEA, EVE = customer("ada"), customer("bea"), customer("eve")
QUESTION = {"subject": ADA, "purposes": ["analytics", "service"]}
NOTE = {"note": "Withdrawals of Monday were collected again from the newsletter's log."}


@asynccontextmanager
async def restored(database_url: str, policies_dir: Path, data_dir: Path) -> AsyncIterator[Running]:
    """A service whose database comes from before Ada's withdrawal, which was published; Eve's grant waited in it."""
    async with running(database_url, policies_dir, data_dir) as service:
        await service.give(ADA, "analytics", "personalization")
        await sequencer_of(service).run()
        await service.give(EVE, "analytics")
    async with backed_up(database_url) as backup:
        async with running(database_url, policies_dir, data_dir) as service:
            await service.withdraw(ADA)
            await service.give(BEA, "analytics")
            await sequencer_of(service).run()
        await restore(database_url, backup)
        async with running(database_url, policies_dir, data_dir) as service:
            yield service


@pytest.fixture
async def gaping(database_url: str, policies_dir: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """Such a service."""
    async with restored(database_url, policies_dir, tmp_path / "data") as service:
        yield service


async def close(service: Running, body: Any = NOTE) -> httpx.Response:
    """An officer closes the gap."""
    return await service.post("/v1/ledger/gap/closures", body, key=service.officers[0])


async def closed(service: Running) -> None:
    """The gap is closed, and the sequencer has put the leaves back."""
    succeeded(await close(service), 201)
    await sequencer_of(service).run()
    await until(lambda: not service.desks.gap.open)


@pytest.mark.rule("R13")
async def test_while_there_is_a_gap_nothing_is_allowed(gaping: Running) -> None:
    """Every check is 503 with `unavailable` for each purpose, alone and in a batch: Ada's withdrawal may be missing."""
    results = refused(await gaping.post("/v1/consents/check", QUESTION), 503, "check-unavailable")["results"]
    assert {(v["allowed"], v["reason"]) for v in results.values()} == {(False, "unavailable")}
    answer = await gaping.post("/v1/consents/check/batch", {"checks": [QUESTION]})
    (batch,) = refused(answer, 503, "check-unavailable")["results"]
    assert {(v["allowed"], v["reason"]) for v in batch["results"].values()} == {(False, "unavailable")}
    past = {**QUESTION, "at": "2026-01-01T00:00:00Z"}
    refused(await gaping.post("/v1/consents/check", past), 503, "check-unavailable")


@pytest.mark.rule("R13")
async def test_while_there_is_a_gap_decisions_use_nobody(gaping: Running) -> None:
    """A page is filled as for a stranger, and nothing of anybody's journey is kept or told."""
    (decision,) = await gaping.decide(ADA, "home_hero")
    assert decision["mode"] != "profiled"
    contact = {"subject": ADA, "event": "page_view", "channel": "web", "occurred_at": "2026-01-01T00:00:00Z"}
    refused(await gaping.post("/v1/touchpoints", {"touchpoints": [contact]}), 503, "gap-open")
    refused(await gaping.post("/v1/journeys/position", {"subject": ADA}), 503, "gap-open")


@pytest.mark.rule("R13")
async def test_while_there_is_a_gap_people_can_still_say_no(gaping: Running) -> None:
    """Withdrawals and decisions are recorded, so that what is missing can be collected again."""
    await gaping.withdraw(ADA)
    await gaping.give(BEA, "analytics")


@pytest.mark.rule("R13")
async def test_an_officer_sees_what_is_missing_and_closes_the_gap(gaping: Running) -> None:
    """Three entries were published that the backup has not, in how long; checks answer again once it is closed."""
    shown = succeeded(await gaping.get("/v1/ledger/gap", key=gaping.officers[0]))
    assert (shown["open"], shown["tree_size"], shown["published_size"], shown["missing"]) == (True, 2, 6, 3)
    assert shown["since"] <= shown["until"]
    await gaping.withdraw(ADA)
    await closed(gaping)
    assert (await gaping.check(ADA, "analytics"))["reason"] == "withdrawn"
    assert (await gaping.check(EVE, "analytics"))["allowed"]
    shown = succeeded(await gaping.get("/v1/ledger/gap", key=gaping.officers[0]))
    assert (shown["open"], shown["missing"]) == (False, 0)
    refused(await close(gaping), 409, "no-gap")


@pytest.mark.rule("R13")
async def test_nobody_but_an_officer_with_a_note_closes_it(gaping: Running) -> None:
    """A key does not, and an empty note does not; the note stands sealed in the entry that closes it."""
    refused(await gaping.post("/v1/ledger/gap/closures", NOTE), 403, "forbidden")
    refused(await close(gaping, {"note": ""}), 422, "invalid-body")
    assert gaping.desks.gap.open
    await closed(gaping)
    row = await gaping.database.fetchrow("SELECT payload, evidence FROM ledger_entries WHERE kind = 'gap_closed'")
    assert row["payload"]["missing"] == "3"
    assert NOTE["note"] not in str(row["payload"])
    assert b"newsletter" not in row["evidence"]


@pytest.mark.rule("L3")
async def test_the_tree_goes_on_from_what_was_published(gaping: Running) -> None:
    """Nothing is signed before; afterwards the tree has every leaf that was published, and grows from there."""
    before = note.read(published(gaping).read_text())
    with pytest.raises(CheckpointRefused, match="an officer closes the gap"):
        await sequencer_of(gaping).run()
    await closed(gaping)
    after = note.read(published(gaping).read_text())
    assert (before.size, after.size) == (6, 7)
    answer = await gaping.http.get("/v1/ledger/consistency", params={"from": 6, "to": 7})
    assert succeeded(answer)["hashes"]
    ended = await ledger(gaping, "verify")
    assert ended.status == 0, ended
    assert "3 entries are missing" in ended.said


@pytest.mark.rule("L2")
async def test_closing_a_gap_pardons_no_other_entry(gaping: Running) -> None:
    """An entry that is removed afterwards is found, also one of those that the backup had waiting."""
    await closed(gaping)
    await execute(
        gaping, "DELETE FROM ledger_entries WHERE entry_id = (SELECT entry_id FROM ledger_leaves WHERE leaf_index = 2)"
    )
    ended = await ledger(gaping, "verify")
    assert ended.status == 1
    assert "removed" in ended.complained


@pytest.mark.rule("L3")
async def test_leaves_that_are_not_those_published_close_nothing(gaping: Running) -> None:
    """A file of leaves that was cut off or changed is no way to go on; with its copy it is."""
    path = published(gaping).with_suffix(".leaves")
    whole = path.read_bytes()
    for content in (whole[:-LEAF_BYTES], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(content)
        refused(await close(gaping), 409, "leaves-lost")
    path.unlink()
    refused(await close(gaping), 409, "leaves-lost")
    path.write_bytes(whole)
    await closed(gaping)


@pytest.mark.rule("L3")
async def test_leaves_are_in_the_file_before_they_are_signed(service: Running) -> None:
    """The file beside the checkpoint has each entry's id and hash, in the order of the tree."""
    for subject in (ADA, EVE):
        await service.give(subject, "analytics")
        await sequencer_of(service).run()
    rows = await service.database.fetch("SELECT entry_id, leaf_hash FROM ledger_leaves ORDER BY leaf_index")
    content = published(service).with_suffix(".leaves").read_bytes()
    assert content == b"".join(row["entry_id"].bytes + row["leaf_hash"] for row in rows)
    published(service).with_suffix(".leaves").unlink()
    await sequencer_of(service).run()
    assert published(service).with_suffix(".leaves").read_bytes() == content


@pytest.mark.rule("R13")
async def test_a_restore_beneath_a_running_service_is_noticed(
    database_url: str, policies_dir: Path, tmp_path: Path
) -> None:
    """The first check after it already says `unavailable`."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        await service.give(ADA, "analytics")
        await sequencer_of(service).run()
    async with backed_up(database_url) as backup, running(database_url, policies_dir, tmp_path / "data") as service:
        await service.withdraw(ADA)
        await sequencer_of(service).run()
        assert (await service.check(ADA, "analytics"))["reason"] == "withdrawn"
        await restore(database_url, backup)
        answer = await service.post("/v1/consents/check", QUESTION)
        results = refused(answer, 503, "check-unavailable")["results"]
        assert not any(verdict["allowed"] for verdict in results.values())
