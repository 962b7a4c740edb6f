"""The sequencer of a running service, and the entries that it orders."""

from pathlib import Path
from uuid import UUID

from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.ledger import note, rules, store, tree
from service.ledger.model import Entry
from service.ledger.publication import Publication
from service.ledger.sequencing import Sequencer
from service.ledger.tree import Tree
from service.work import Duties, work
from tests.running import Running

LEAVES = "SELECT leaf_index, entry_id, leaf_hash FROM ledger_leaves ORDER BY leaf_index"


def sequencer_of(service: Running) -> Sequencer:
    """A sequencer as the worker has it."""
    settings = service.desks.settings
    return Sequencer(
        database=service.database,
        signer=service.desks.signer,
        issuer=settings.issuer,
        publication=Publication(settings.published),
    )


async def written(service: Running, count: int) -> list[UUID]:
    """Write entries of as many subjects in one transaction; returns their ids, in the order of the tree."""

    async def work(connection: Connection) -> list[UUID]:
        now = await connection.fetchval("SELECT clock_timestamp()")
        entries: list[Entry] = [
            rules.entry("consent", new_id(), new_id(), now, now, {"purpose": "analytics"}) for _ in range(count)
        ]
        await store.append(connection, entries)
        return sorted(entry.entry_id for entry in entries)

    return await service.database.run("test.written", work)


def published(service: Running) -> Path:
    """The file of the published checkpoint."""
    return service.desks.settings.published


async def execute(service: Running, statement: str) -> None:
    """Do what somebody with psql would."""

    async def work(connection: Connection) -> None:
        await connection.execute(statement)

    await service.database.run("test.execute", work)


async def require_whole(service: Running) -> None:
    """Every entry is a leaf or waits, once; leaves are without a gap and are those that the checkpoint signs."""
    rows = await service.database.fetch(LEAVES)
    growing = Tree()
    for index, row in enumerate(rows):
        assert row["leaf_index"] == index
        list(growing.append(row["leaf_hash"]))
    entries = await service.database.fetch("SELECT entry_id, commitment FROM ledger_entries")
    hashes = {row["entry_id"]: tree.leaf_hash(row["commitment"]) for row in entries}
    waiting = await service.database.fetch("SELECT entry_id, leaf_hash FROM ledger_queue")
    assert {row["entry_id"]: row["leaf_hash"] for row in [*rows, *waiting]} == hashes
    assert len(rows) + len(waiting) == len(entries)
    checkpoint = note.read(published(service).read_text())
    assert (checkpoint.size, checkpoint.root) == (growing.size, growing.root)
    assert note.is_signed_by(checkpoint.note, service.desks.signer.public)


async def working(service: Running) -> None:
    """The worker's tasks, until cancelled."""
    desks = service.desks
    await work(
        Duties(
            database=service.database,
            keyring=service.keyring,
            policy=desks.policy,
            consequences=desks.consequences,
            sequencer=sequencer_of(service),
            learner=desks.learner,
            post=desks.post,
            delivery=desks.delivery,
            erasures=desks.erasures,
            retention=desks.retention,
        )
    )
