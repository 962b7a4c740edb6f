"""`python -m benchmarks.ledger`: the tree over the ledger. How fast entries enter it, are proven, and are verified.

The database is new, with fsync on. Nothing here is a ratio to a floor: the budgets are 5,000 entries a second into the
tree, a small queue, and 5 ms for a proof among a million entries.
"""

import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import asyncpg
import click
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.load import COLUMNS, People
from benchmarks.processes import ROOT, memory_mib
from service.cli.keyring import keyring_url, migrate_keyring
from service.kernel.clock import system_now
from service.kernel.crypto import Signer
from service.kernel.database import Connection, Database
from service.kernel.embedded import Embedded, home_of
from service.kernel.ids import new_id
from service.kernel.migrate import migrate
from service.ledger import rules, store, tree
from service.ledger.commands import LedgerDesk
from service.ledger.publication import Publication
from service.ledger.sequencing import Sequencer
from service.ledger.store import QUERIES
from service.policy.load import load
from service.settings import Settings
from service.subjects.keyfile import create_key_file
from service.subjects.keyring import load_key_file

BATCH = 1000
PROOFS = 2000
GROUP = 250
"""Entries that one transaction of the load writes, as a group commit does."""
BUDGET_PER_SECOND = 5000
LOOK_SECONDS = 0.2
QUEUE = "SELECT pg_total_relation_size('ledger_queue')"
ENTRY, COMMITMENT = COLUMNS["ledger_entries"].index("entry_id"), COLUMNS["ledger_entries"].index("commitment")

Rows = list[tuple[str, str]]


@click.command()
@click.option("--entries", default=1_000_000, show_default=True, help="Entries of the ledger.")
@click.option("--seconds", default=90, show_default=True, help="How long entries are written beside the sequencer.")
def main(entries: int, seconds: int) -> None:
    """Measure the tree, and print a table."""
    with TemporaryDirectory(prefix="placet-ledger-", dir=os.environ.get("TMPDIR")) as name:
        settings = Settings(environment="development", data_dir=Path(name))
        create_key_file(settings)
        try:
            with Embedded.start(settings.data_dir) as server:
                rows = asyncio.run(_measured(server.url, settings, entries, seconds))
                rows += _verified(server.url, settings)
        finally:
            shutil.rmtree(home_of(settings.data_dir), ignore_errors=True)
    table = Table("what", "measured")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


async def _measured(url: str, settings: Settings, entries: int, seconds: int) -> Rows:
    keyring = load_key_file(settings)
    await migrate(url)
    address = await keyring_url(settings, url)
    await migrate_keyring(address)
    ids = await _fill(url, address, People(keyring, load(settings.policies_dir), system_now()), entries)
    database = Database(url, size=5)
    sequencer = _sequencer(database, keyring.signing, settings)
    try:
        rows = await _backlog(sequencer, len(ids))
        rows += await _beside(url, database, sequencer, seconds)
        return rows + await _proven(database, ids)
    finally:
        await database.close()


def _sequencer(database: Database, signer: Signer, settings: Settings) -> Sequencer:
    publication = Publication(settings.published)
    return Sequencer(database=database, signer=signer, issuer=settings.issuer, publication=publication)


async def _fill(url: str, address: str, people: People, entries: int) -> list[UUID]:
    """Copy entries as the service would have written them; all of them wait. Returns their ids."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    keyring = Database(address, size=1)
    await people.begin(keyring)
    ids: list[UUID] = []
    first = 0
    try:
        while len(ids) < entries:
            rows = (await people.rows(range(first, first + BATCH), keyring))["ledger_entries"]
            first += BATCH
            await connection.copy_records_to_table("ledger_entries", records=rows, columns=COLUMNS["ledger_entries"])
            waiting = [(row[ENTRY], tree.leaf_hash(row[COMMITMENT])) for row in rows]
            await connection.copy_records_to_table("ledger_queue", records=waiting)
            ids += [row[ENTRY] for row in rows]
        await connection.execute("VACUUM (ANALYZE) ledger_entries")
        await connection.execute("CHECKPOINT")
    finally:
        await keyring.close()
        await connection.close()
    return ids


async def _backlog(sequencer: Sequencer, entries: int) -> Rows:
    """How fast what waits enters the tree when there is much of it, as after the migration."""
    began = time.monotonic()
    while await sequencer.run():
        pass
    took = time.monotonic() - began
    return [(f"{entries:,} waiting entries enter the tree", f"{entries / took:,.0f} entries/s ({took:.1f} s)")]


async def _beside(url: str, database: Database, sequencer: Sequencer, seconds: int) -> Rows:
    """What the queue is like while entries are written at the budget's rate and the sequencer pauses as it does."""
    await _vacuum(url)
    sizes: list[int] = []
    written = 0
    began = time.monotonic()
    stopped = asyncio.Event()

    async def sequence() -> None:
        while not stopped.is_set():
            await sequencer.run()
            sizes.append(await database.fetchval(QUEUE))
            await asyncio.sleep(1)

    sequencing = asyncio.create_task(sequence())
    while (passed := time.monotonic() - began) < seconds:
        if written > passed * BUDGET_PER_SECOND:
            await asyncio.sleep(0.01)
            continue
        await database.run("benchmark.append", _append)
        written += GROUP
    left = await database.fetchval("SELECT count(*) FROM ledger_queue")
    stopped.set()
    await sequencing
    await sequencer.run()
    mib = [size / 2**20 for size in sizes]
    return [
        (f"entries written beside the sequencer, {seconds} s", f"{written / seconds:,.0f} entries/s"),
        ("entries that waited at the end", f"{left:,}"),
        ("queue with its index, median and most", f"{statistics.median(mib):.1f} and {max(mib):.1f} MiB"),
    ]


async def _vacuum(url: str) -> None:
    """What autovacuum does within a minute of the backlog."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM ledger_queue")
    finally:
        await connection.close()


async def _append(connection: Connection) -> None:
    now = system_now()
    facts = {"purpose": "analytics", "status": "given", "site": "shop", "method": "form", "gpc": False}
    await store.append(connection, [rules.entry("consent", new_id(), new_id(), now, now, facts) for _ in range(GROUP)])


async def _proven(database: Database, ids: Sequence[UUID]) -> Rows:
    """How long a proof takes of any entry, one after the other."""
    desk = LedgerDesk(database)
    took: list[float] = []
    for entry_id in random.sample(ids, min(PROOFS, len(ids))):
        began = time.perf_counter()
        await desk.inclusion(entry_id)
        took.append((time.perf_counter() - began) * 1000)
    size = await database.fetchval(QUERIES["size"])
    p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
    return [(f"proof of an entry among {size:,}, p50 and p99", f"{p50:.2f} and {p99:.2f} ms")]


def _verified(url: str, settings: Settings) -> Rows:
    """How long `placet ledger verify` takes, and how much memory, in a process of its own."""
    environment = os.environ | {
        "PLACET_DATABASE_URL": url,
        "PLACET_DATA_DIR": str(settings.data_dir),
        "PLACET_ROOT_KEY_FILE": str(settings.root_file),
    }
    command = [sys.executable, "-m", "service.cli", "ledger", "verify", "--json"]
    began, most = time.monotonic(), 0.0
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - ours
        while process.poll() is None:
            with suppress(FileNotFoundError, StopIteration):  # it may end while it is looked at
                most = max(most, memory_mib(process.pid))
            time.sleep(LOOK_SECONDS)
        report = msgspec.json.decode(process.stdout.read() if process.stdout else b"")
    took = time.monotonic() - began
    leaves = f"{report['leaves']:,} leaves and {report['checkpoints']} checkpoints"
    return [(f"verify, {leaves}, sound: {report['sound']}", f"{took:.1f} s, {most:.0f} MiB at most")]


if __name__ == "__main__":
    main()
