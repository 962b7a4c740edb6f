"""What the service signs of its ledger: each checkpoint extends the one before, whatever happens to the database."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from service.ledger import note
from service.ledger.model import CheckpointRefused
from service.ledger.sequencing import Sequencer
from service.ledger.tree import Tree
from tests.integration.cli.playing import until
from tests.running import Running, customer, keyring_beside, running
from tests.sequencing import LEAVES, execute, published, require_whole, sequencer_of, written

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sequencer(service: Running) -> Sequencer:
    """The sequencer of the running service."""
    return sequencer_of(service)


async def require_refused(service: Running, reason: str) -> None:
    """Nothing is signed and nothing moved, and the reason says what is wrong; people are served all the same."""
    before = await service.contents()
    content = published(service).read_bytes() if published(service).exists() else None
    with pytest.raises(CheckpointRefused, match=reason):
        await sequencer_of(service).run()
    assert await service.contents() == before
    assert (published(service).read_bytes() if published(service).exists() else None) == content
    await service.give(customer("served"), "analytics")


@asynccontextmanager
async def copied(url: str) -> AsyncIterator[str]:
    """A copy of a database that nobody is connected to, as a backup is one."""
    server, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
        yield f"{url}_copy"
        await connection.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")
    finally:
        await connection.close()


@pytest.mark.rule("L3")
async def test_a_restored_backup_signs_nothing(database_url: str, policies_dir: Path, tmp_path: Path) -> None:
    """A database that was restored from before the last published checkpoint signs nothing, and says so."""
    data_dir = tmp_path / "data"
    async with running(database_url, policies_dir, data_dir) as service:
        await written(service, 5)
        await sequencer_of(service).run()
    async with copied(database_url) as backup:
        async with running(database_url, policies_dir, data_dir) as service:
            await written(service, 2)
            await sequencer_of(service).run()
        async with running(backup, policies_dir, data_dir, keyring_url=keyring_beside(database_url)) as service:
            await require_refused(service, "A checkpoint of 7 entries was published, and the tree has 5")
            await written(service, 9)
            await require_refused(service, "restored from an older backup")


@pytest.mark.rule("L3")
async def test_a_backup_that_grew_before_it_was_noticed_signs_nothing(service: Running, sequencer: Sequencer) -> None:
    """A tree that is as large as the published one but has other leaves signs nothing."""
    await written(service, 5)
    await sequencer.run()
    content = published(service).read_text()
    await execute(service, "DELETE FROM ledger_checkpoints; DELETE FROM ledger_nodes; DELETE FROM ledger_leaves")
    published(service).unlink()
    await written(service, 8)
    await sequencer.run()
    published(service).write_text(content)
    await require_refused(service, "does not have the first 5 entries that were published")


@pytest.mark.rule("L3")
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM ledger_leaves WHERE leaf_index >= 3", "5 entries was published, and the tree has 3"),
        ("DELETE FROM ledger_leaves", "5 entries was published, and the tree has 0"),
        ("UPDATE ledger_leaves SET leaf_hash = sha256('x') WHERE leaf_index = 4", "does not have the first 5"),
        ("UPDATE ledger_nodes SET hash = sha256('x') WHERE level = 2", "does not have the first 5"),
        ("DELETE FROM ledger_nodes WHERE level = 2", "does not have the first 5"),
    ],
)
async def test_a_tree_that_was_cut_or_changed_signs_nothing(
    service: Running, sequencer: Sequencer, statement: str, reason: str
) -> None:
    """Whoever removes or changes leaves finds that nothing is signed any more, whatever the database says of it."""
    await written(service, 5)
    await sequencer.run()
    await execute(service, statement)
    await require_refused(service, reason)
    await execute(service, "DELETE FROM ledger_checkpoints")
    await require_refused(service, reason)


@pytest.mark.rule("L3")
async def test_the_database_alone_tells_that_its_tree_was_cut(service: Running, sequencer: Sequencer) -> None:
    """An older file does not let the service forget what it signed last."""
    await written(service, 3)
    await sequencer.run()
    older = published(service).read_text()
    await written(service, 4)
    await sequencer.run()
    published(service).write_text(older)
    await execute(service, "DELETE FROM ledger_leaves WHERE leaf_index >= 5")
    await require_refused(service, "A checkpoint of 7 entries was published, and the tree has 5")


@pytest.mark.rule("L3")
async def test_without_its_file_a_ledger_that_was_published_signs_nothing(
    service: Running, sequencer: Sequencer
) -> None:
    """A volume that is not mounted is no reason to believe the database: it may be an older one."""
    await written(service, 3)
    await sequencer.run()
    published(service).unlink()
    await require_refused(service, "is gone, although checkpoints were published")


@contextmanager
def working(service: Running) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as an operator starts it, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli", "work"],
        cwd=ROOT,
        env=environment | service.settings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.rule("L3")
async def test_workers_that_are_killed_lose_nothing_and_sign_one_history(service: Running) -> None:
    """Workers are killed at work, again and again: each entry is in the tree once, each checkpoint extends the last."""
    notes: list[str] = []
    for _ in range(3):
        before = _size(service)
        with working(service) as one, working(service) as other:
            while _size(service) == before:
                await written(service, 500)
            await asyncio.gather(*(written(service, 500) for _ in range(8)))
            for process in (one, other):
                process.send_signal(signal.SIGKILL)
                process.wait()
        notes.append(published(service).read_text())
    await until(lambda: _drained(service))
    await require_whole(service)
    checkpoints = [note.read(text) for text in notes]
    leaves = [row["leaf_hash"] for row in await service.database.fetch(LEAVES)]
    assert [_root(leaves[: checkpoint.size]) for checkpoint in checkpoints] == [c.root for c in checkpoints]


def _size(service: Running) -> int:
    return note.read(published(service).read_text()).size if published(service).exists() else 0


def _root(leaves: list[bytes]) -> bytes:
    growing = Tree()
    for leaf in leaves:
        list(growing.append(leaf))
    return growing.root


async def _drained(service: Running) -> bool:
    await sequencer_of(service).run()
    return await service.count("ledger_queue") == 0
