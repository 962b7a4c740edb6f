"""`python -m benchmarks.erasure`: how many erasures a worker carries on a second, and what checks notice of it.

The database is new, with fsync on. One process serves checks, one asks them at a steady pace, and this one is the
worker: it takes every approved erasure through its eight steps and looks for what is left of them in every row. The
budgets are 20 a second, 60 s for the scan of a million rows, and 1.5 times the p50 of a check. Exit status: 0 met.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks.drive import NoSuccess, Target
from benchmarks.load import KIND, NAME, PURPOSES, People, fill
from benchmarks.package import keyring_beside
from benchmarks.processes import Neighbours
from benchmarks.services import POLICIES, beside
from benchmarks.shop import policies
from benchmarks.wire import wire
from service.cli.credentials import NONE, Credentials
from service.kernel import auth, datamap
from service.kernel.clock import system_now
from service.kernel.database import Database
from service.kernel.embedded import Embedded, home_of
from service.kernel.ids import new_id
from service.kernel.migrate import migrate
from service.policy.commands import ActivePolicy
from service.policy.load import load
from service.rights.erasure.commands import Erasures
from service.rights.erasure.composing import erasures_of
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyfile import create_key_file
from service.subjects.keyring import load_key_file
from service.subjects.keys.commands import SubjectKeys
from service.subjects.model import Identifier
from service.subjects.recognition import recognise

A_SECOND, SCAN_SECONDS, SLOWER = 20, 60, 1.5
"""The budgets."""
ROWS_EACH = 6
"""About as many rows has a person of `load.py`, in all tables."""
PACE_SECONDS = 0.005
"""From one check to the next, where the answer does not take longer."""
ALONE_SECONDS = 10
FILED = """
INSERT INTO rights_requests (request_id, "right", state, language, lookups, filed_by, received_at, due_at)
SELECT r, 'erasure', 'running', 'it', ARRAY[l], 'benchmark', now(), now() + interval '30 days'
FROM unnest($1::uuid[], $2::bytea[]) AS n (r, l)
"""
CLOSED = "SELECT count(*) FROM rights_requests WHERE state = 'completed' AND certificate IS NOT NULL"


class Checked(Struct, frozen=True):
    """A check: when it was answered, by the clock that all processes share, and how long that took."""

    at: float
    milliseconds: float


class Measured(Struct, frozen=True):
    """The erasures by the clock and by the worker's own processor time, their scan, and when they went on."""

    erasures: int
    rows: int
    began: float
    ended: float
    processor_seconds: float
    scan_seconds: float

    @property
    def seconds(self) -> float:
        """How long they took."""
        return self.ended - self.began


class Scans:
    """How long scans took, each from the first blocks on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._at = time.monotonic()
        self._done = 0

    def tell(self, done: int, of: int) -> None:
        """So many blocks are done, of so many."""
        now = time.monotonic()
        if self._done and done > self._done:
            self.seconds += now - self._at
        self._at, self._done = now, done % of


@click.command()
@click.option("--erasures", default=1000, show_default=True, help="How many are approved at once.")
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of subjects' data, in all tables.")
def main(erasures: int, rows: int) -> None:
    """Measure the erasures, and print a table."""
    with TemporaryDirectory(prefix="placet-erasure-", dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        policies(folder / POLICIES)
        settings = Settings(environment="development", data_dir=folder, root_key_file=folder / "root.key")
        try:
            with Embedded.start(folder) as server:
                given = asyncio.run(_prepared(settings, server.url, max(erasures, rows // ROWS_EACH)))
                with beside(folder, given) as target:
                    neighbours = Neighbours()
                    measured, checks = asyncio.run(_measured(settings, given, target, erasures))
                    met = _told(measured, checks)
                Console().print(f"other processes, those that served among them, took {neighbours.share():.0%}")
        finally:
            shutil.rmtree(home_of(folder), ignore_errors=True)
    sys.exit(not met)


def _told(measured: Measured, checks: Sequence[Checked]) -> bool:
    alone = _p50([one for one in checks if one.at < measured.began])
    during = _p50([one for one in checks if measured.began <= one.at <= measured.ended])
    rate, scan = measured.erasures / measured.seconds, measured.scan_seconds
    table = Table("what", "measured", "budget", "met")
    lines = (
        (f"{measured.erasures:,} erasures, a second", f"{rate:.1f}", f">= {A_SECOND}", rate >= A_SECOND),
        (f"scan of {measured.rows:,} rows for them", f"{scan:.1f} s", f"<= {SCAN_SECONDS} s", scan <= SCAN_SECONDS),
        (
            "p50 of a check before and meanwhile",
            f"{alone:.2f} ms, {during:.2f} ms",
            f"<= {SLOWER}",
            during <= alone * SLOWER,
        ),
    )
    for *cells, met in lines:
        table.add_row(*cells, "yes" if met else "not yet")
    Console().print(table)
    Console().print(f"{measured.seconds:.1f} s, of which the worker computed {measured.processor_seconds:.1f} s")
    return all(met for *_, met in lines)


def _p50(checks: Sequence[Checked]) -> float:
    return quantiles([one.milliseconds for one in checks], n=100)[49]


async def _prepared(settings: Settings, url: str, people: int) -> Credentials:
    """A database with people, and the key that checks are asked with."""
    create_key_file(settings)
    keyring = load_key_file(settings)
    await migrate(url)
    keyring_url = await keyring_beside(url)
    database, keys = Database(url, size=2), Database(keyring_url, size=2)
    try:
        await recognise(database, keyring, settings.key_file)
        key = await database.run("benchmark.key", lambda c: auth.add_key(c, "server", auth.SERVER_SCOPES, None, "-"))
        given = msgspec.structs.replace(NONE, secret_key=key, database_url=url, keyring_url=keyring_url)
        made = People(keyring, load(settings.data_dir / POLICIES), system_now())
        await made.begin(keys)
        await fill(given, made, range(people), lambda _: None)
    finally:
        await database.close()
        await keys.close()
    return given


async def _measured(
    settings: Settings, given: Credentials, target: Target, erasures: int
) -> tuple[Measured, list[Checked]]:
    async with _worker(settings, given, erasures) as (database, carrying):
        with _checking(target, erasures) as checks:
            await asyncio.sleep(ALONE_SECONDS)
            scans = Scans()
            began, busy = time.monotonic(), time.process_time()
            closed = await carrying.go_on_all(tell=scans.tell)
            ended, busy = time.monotonic(), time.process_time() - busy
        if closed != erasures or await database.fetchval(CLOSED) != erasures:
            raise NoSuccess(f"of {erasures} erasures {closed} were closed")
        rows = await database.fetchval("SELECT max((outcome ->> 'rows')::bigint) FROM rights_tasks WHERE step = 'scan'")
    return Measured(erasures, rows, began, ended, busy, scans.seconds), checks


@asynccontextmanager
async def _worker(settings: Settings, given: Credentials, erasures: int) -> AsyncGenerator[tuple[Database, Erasures]]:
    """What a worker has, and erasures of the first people, approved."""
    database, keys = Database(given.database_url, size=4), Database(given.keyring_url, size=2)
    keyring, policy = load_key_file(settings), ActivePolicy(load(settings.data_dir / POLICIES))
    subjects = Subjects(keyring, policy, SubjectKeys(keys, keyring))
    lookups = [subjects.lookup(Identifier(kind=KIND, value=NAME % number)).hash for number in range(erasures)]
    try:
        await database.run("benchmark.filed", lambda c: c.execute(FILED, [new_id() for _ in lookups], lookups))
        tables = await datamap.read(database)
        yield database, erasures_of(settings, database, database, policy, subjects, tables, keyring)
    finally:
        await database.close()
        await keys.close()


@contextmanager
def _checking(target: Target, first: int) -> Generator[list[Checked]]:
    """Checks from another process until the end, about people from the `first` on; the list has them afterwards."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_check, args=(target, first, theirs), daemon=True)
    process.start()
    checks: list[Checked] = []
    try:
        yield checks
        ours.send("enough")
        checks += ours.recv()
    finally:
        process.terminate()
        process.join()


def _check(target: Target, first: int, pipe: "Pipe[list[Checked], str]") -> None:
    asyncio.run(_checks(target, first, pipe))


async def _checks(target: Target, first: int, pipe: "Pipe[list[Checked], str]") -> None:
    checks: list[Checked] = []
    async with wire(target.port, target.key) as service:
        for number in count():
            if pipe.poll():
                break
            began = time.monotonic()
            subject = {"kind": KIND, "value": NAME % (first + number % 1000)}
            status, content = await service.post("/v1/consents/check", {"subject": subject, "purposes": PURPOSES})
            ended = time.monotonic()
            if status != HTTPStatus.OK:
                raise NoSuccess(f"the service answers {status}: {content.decode()}")
            checks.append(Checked(ended, (ended - began) * 1000))
            await asyncio.sleep(max(0.0, began + PACE_SECONDS - ended))
    pipe.send(checks)


if __name__ == "__main__":
    main()
