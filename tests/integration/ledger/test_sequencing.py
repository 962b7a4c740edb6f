"""The sequencer: what was committed enters the tree once, and what was signed is never contradicted."""

import asyncio

import pytest

from service.kernel.database import Connection
from service.ledger import sequencing
from service.ledger.model import CheckpointRefused
from service.ledger.sequencing import Sequencer
from tests.running import Running, customer
from tests.sequencing import LEAVES, execute, published, require_whole, sequencer_of, written


async def test_what_was_recorded_enters_the_tree(service: Running, sequencer: Sequencer) -> None:
    """Entries of the service become leaves, and the signed checkpoint is in the file and in the database."""
    await service.give(customer(), "analytics", "personalization")
    assert await service.count("ledger_queue") == 2
    assert await sequencer.run() == 2
    assert await service.count("ledger_queue") == 0
    await require_whole(service)
    row = await service.database.fetchrow("SELECT tree_size, root, note FROM ledger_checkpoints")
    assert row["note"] == published(service).read_text()
    assert row["tree_size"] == 2


async def test_nothing_is_signed_without_something_new(service: Running, sequencer: Sequencer) -> None:
    """Neither an empty ledger nor one that did not grow gets a checkpoint."""
    assert await sequencer.run() == 0
    assert not published(service).exists()
    await written(service, 3)
    await sequencer.run()
    first = published(service).stat()
    assert await sequencer.run() == 0
    assert published(service).stat().st_ino == first.st_ino
    assert await service.count("ledger_checkpoints") == 1


async def test_a_tree_that_grows_in_steps_is_the_tree_of_its_leaves(service: Running, sequencer: Sequencer) -> None:
    """However the entries came, the checkpoints are those of one growing tree, and every subtree is stored once."""
    for count in (1, 2, 5, 1, 8, 30):
        await written(service, count)
        await sequencer.run()
        await require_whole(service)
    assert await service.count("ledger_checkpoints") == 6
    assert await service.count("ledger_nodes") == 23 + 11 + 5 + 2 + 1


async def test_a_batch_keeps_the_order_of_entry_ids(service: Running, sequencer: Sequencer) -> None:
    """Entries that enter the tree together stand in the order of their ids, which is that of time."""
    ids = await written(service, 50)
    await sequencer.run()
    assert [row["entry_id"] for row in await service.database.fetch(LEAVES)] == ids


async def test_more_than_a_batch_enters_in_one_run(
    service: Running, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog is taken in several transactions, up to a limit after which a checkpoint is signed anyway."""
    monkeypatch.setattr(sequencing, "BATCH", 10)
    monkeypatch.setattr(sequencing, "BATCHES", 3)
    await written(service, 35)
    assert [await sequencer.run(), await sequencer.run(), await sequencer.run()] == [30, 5, 0]
    await require_whole(service)
    assert await service.count("ledger_checkpoints") == 2


async def test_an_open_transaction_delays_nobody_and_loses_nothing(service: Running, sequencer: Sequencer) -> None:
    """An entry whose transaction commits late enters the tree later than others that were written after it."""
    wrote, go_on = asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection) -> None:
        await connection.execute("INSERT INTO ledger_queue VALUES (gen_random_uuid(), sha256('slow'))")
        wrote.set()
        await go_on.wait()

    writing = asyncio.create_task(service.database.run("test.slow", slow))
    await wrote.wait()
    await written(service, 4)
    assert await sequencer.run() == 4
    go_on.set()
    await writing
    assert await sequencer.run() == 1
    assert await service.count("ledger_leaves") == 5


async def test_any_number_of_sequencers_are_one(service: Running) -> None:
    """Four that run while entries are written leave every one of them in the tree exactly once."""
    writing = True

    async def sequence() -> None:
        own = sequencer_of(service)
        while writing:
            await own.run()

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(sequence())
        for _ in range(30):
            await written(service, 7)
        writing = False
    await sequencer_of(service).run()
    assert await service.count("ledger_leaves") == 210
    await require_whole(service)


async def test_a_file_that_a_crash_left_ahead_of_its_row_is_taken_over(service: Running, sequencer: Sequencer) -> None:
    """A checkpoint that was published, but not yet kept in the database, is kept by the next run as it is."""
    await written(service, 3)
    await sequencer.run()
    content = published(service).read_text()
    await execute(service, "DELETE FROM ledger_checkpoints")
    await sequencer.run()
    assert published(service).read_text() == content
    assert await service.database.fetchval("SELECT note FROM ledger_checkpoints") == content


async def test_a_file_that_is_behind_is_written_again(service: Running, sequencer: Sequencer) -> None:
    """An older checkpoint of the same tree in the file is replaced by the last one."""
    await written(service, 3)
    await sequencer.run()
    older = published(service).read_text()
    await written(service, 3)
    await sequencer.run()
    newer = published(service).read_text()
    published(service).write_text(older)
    await sequencer.run()
    assert published(service).read_text() == newer


@pytest.mark.parametrize(
    "content", ["", "shop\n3\n", "\n\n— ", "x\n03\nAAAA\n\n— x AAAA\n", "x\n3\nAAAA\n\n— x AAAA\n"]
)
async def test_a_file_that_is_no_checkpoint_stops_the_signing(
    service: Running, sequencer: Sequencer, content: str
) -> None:
    """A file that was cut off or is another's is refused, and nothing is moved."""
    await written(service, 3)
    published(service).write_text(content)
    with pytest.raises(CheckpointRefused, match="holds no checkpoint"):
        await sequencer.run()
    assert await service.count("ledger_leaves") == await service.count("ledger_checkpoints") == 0


async def test_where_the_file_cannot_be_written_nothing_is_kept(service: Running, sequencer: Sequencer) -> None:
    """A checkpoint that cannot be published is in the database neither; the next run does both."""
    await written(service, 3)
    part = published(service).with_name("checkpoint.txt.part")
    part.mkdir()
    with pytest.raises(CheckpointRefused, match="cannot be written"):
        await sequencer.run()
    assert await service.count("ledger_checkpoints") == 0
    part.rmdir()
    await sequencer.run()
    await require_whole(service)
