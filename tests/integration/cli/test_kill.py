"""SIGKILL of the whole service at work: nothing of it stays running, and whatever it had answered is still true."""

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from service.cli import credentials
from service.cli.credentials import Credentials
from service.kernel.embedded import home_of
from tests.integration.cli.playing import ROOT, Ended, ended, started, until
from tests.running import NOTICE, customer, succeeded

ENOUGH = 40
"""Answers of each kind to have before the kill."""
LINES = 4
"""How much of each kind of work goes on at the same time."""


@dataclass
class Answered:
    """What the service has answered, and so must keep."""

    entries: dict[str, list[str]] = field(default_factory=dict)
    """Ledger entries, by customer."""
    standing: dict[str, str] = field(default_factory=dict)
    """The reason that the next check must give, by customer whose last request was answered."""
    touchpoints: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)

    @property
    def enough(self) -> bool:
        """Whether there is enough of everything to make the kill worth while."""
        withdrawn = sum(reason == "withdrawn" for reason in self.standing.values())
        return min(withdrawn, len(self.touchpoints), len(self.decisions)) >= ENOUGH


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose database is deleted afterwards wherever it lies."""
    data_dir = tmp_path / "data"
    yield data_dir
    shutil.rmtree(home_of(data_dir), ignore_errors=True)


async def test_after_a_kill_every_answer_is_still_true(data_dir: Path, tmp_path: Path) -> None:
    """Killed in the middle of a demo, the service leaves no process behind; started again, it has all it answered."""
    port = _free_port()
    answered = Answered()
    with _serving(data_dir, port) as server:
        async with await _client(data_dir, port) as http:
            demo = await started(data_dir, cwd=tmp_path)
            family = _family(server.pid)
            working = asyncio.create_task(_work(http, answered))
            await until(lambda: answered.enough or working.done())
            assert demo.returncode is None
            server.send_signal(signal.SIGKILL)
            server.wait()
            await working
        await until(lambda: not [process for process in family if process.lives])
        assert len(family) > 2
        _ended_plainly(await ended(demo))
    with _serving(data_dir, port):
        async with await _client(data_dir, port) as http:
            await _still_true(http, answered)
        await _still_kept(credentials.read(data_dir / "dev-credentials.json"), answered)


def _ended_plainly(demo: Ended) -> None:
    assert demo.status == 3
    assert "does not answer" in demo.complained
    assert "Traceback" not in demo.complained


@contextmanager
def _serving(data_dir: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The service as `make run` starts it, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    with subprocess.Popen(  # noqa: S603 - fixed words
        [sys.executable, "-m", "service.cli", "serve", "--development", "--port", str(port)],
        cwd=ROOT,
        env=environment | {"PLACET_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


async def _client(data_dir: Path, port: int) -> httpx.AsyncClient:
    """A client with the credentials of the service, once it is ready."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as probe:

        async def ready() -> bool:
            try:
                return (await probe.get("/health/ready")).is_success
            except httpx.TransportError:
                return False

        await until(ready)
    file = data_dir / "dev-credentials.json"
    await until(file.exists)
    key = {"Authorization": f"Bearer {credentials.read(file).secret_key}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=key, timeout=30)


async def _work(http: httpx.AsyncClient, answered: Answered) -> None:
    """Drive the service until it is gone, noting what it answers."""
    numbers = itertools.count()
    kinds = (_withdrawing, _buying)
    await asyncio.gather(*(_drive(kind, http, numbers, answered) for kind in kinds for _ in range(LINES)))


async def _drive(kind: Any, http: httpx.AsyncClient, numbers: Iterator[int], answered: Answered) -> None:
    try:
        while True:
            await kind(http, f"{kind.__name__}-{next(numbers)}", answered)
    except httpx.TransportError:
        return


async def _giving(http: httpx.AsyncClient, name: str, answered: Answered) -> None:
    decisions = {"personalization": "given", "analytics": "given"}
    body = {"subject": customer(name), "site": "shop", "decisions": decisions, "notice": NOTICE, "method": "form"}
    given = succeeded(await http.post("/v1/consents", json=body), 201)
    answered.entries[name] = [record["entry_id"] for record in given["records"]]
    answered.standing[name] = "consent_given"


async def _withdrawing(http: httpx.AsyncClient, name: str, answered: Answered) -> None:
    await _giving(http, name, answered)
    del answered.standing[name]
    body = {"subject": customer(name), "purposes": "all", "site": "shop"}
    withdrawn = succeeded(await http.post("/v1/consents/withdraw", json=body))
    answered.entries[name] += [record["entry_id"] for record in withdrawn["records"]]
    answered.standing[name] = "withdrawn"


async def _buying(http: httpx.AsyncClient, name: str, answered: Answered) -> None:
    await _giving(http, name, answered)
    occurred_at = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for number in range(2):
        touchpoint = {
            "subject": customer(name),
            "event": "purchase",
            "channel": "web",
            "occurred_at": occurred_at,
            "id": str(number),
        }
        told = succeeded(await http.post("/v1/touchpoints", json={"touchpoints": [touchpoint]}))
        assert told["outcomes"] == [{"outcome": "stored"}]
        answered.touchpoints.append(touchpoint)
    body = {"subject": customer(name), "site": "shop", "placements": ["home_hero", "product_sidebar"]}
    made = succeeded(await http.post("/v1/decisions", json=body))["decisions"]
    answered.decisions += [decision["decision_id"] for decision in made if decision["decision_id"]]


async def _still_true(http: httpx.AsyncClient, answered: Answered) -> None:
    """The checks still say what they must, and what was stored is a duplicate."""
    for name, reason in answered.standing.items():
        body = {"subject": customer(name), "purposes": ["personalization", "analytics"]}
        results = succeeded(await http.post("/v1/consents/check", json=body))["results"]
        assert {verdict["reason"] for verdict in results.values()} == {reason}
        assert {verdict["proof"] for verdict in results.values()} <= set(answered.entries[name])
    for start in range(0, len(answered.touchpoints), 500):
        batch = answered.touchpoints[start : start + 500]
        told = succeeded(await http.post("/v1/touchpoints", json={"touchpoints": batch}))["outcomes"]
        assert told == [{"outcome": "duplicate"}] * len(batch)


async def _still_kept(given: Credentials, answered: Answered) -> None:
    """Every entry of the ledger and every decision that was answered is in the database."""
    connection = await asyncpg.connect(given.database_url)
    try:
        entries = {str(row[0]) for row in await connection.fetch("SELECT entry_id FROM ledger_entries")}
        decisions = {str(row[0]) for row in await connection.fetch("SELECT decision_id FROM decisions")}
    finally:
        await connection.close()
    assert set(itertools.chain.from_iterable(answered.entries.values())) <= entries
    assert set(answered.decisions) <= decisions


@dataclass(frozen=True)
class Process:
    """A process of this machine, told apart from a later one with the same number by when it began."""

    number: int
    began: str

    @property
    def lives(self) -> bool:
        """Whether it is still there, other than as a name that nobody has asked for."""
        found = _status(self.number)
        return found is not None and found[1:] == (self.began, True)


def _status(number: int) -> tuple[int, str, bool] | None:
    """The parent of a process, when it began, and whether it is more than a zombie; None for one that is gone."""
    try:
        words = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(words[1]), words[19], words[0] not in "ZX"


def _family(parent: int) -> set[Process]:
    """A process and everything that descends from it."""
    every = {int(path.name): _status(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    found = {parent}
    while more := {number for number, status in every.items() if status and status[0] in found} - found:
        found |= more
    return {Process(number, status[1]) for number in found if (status := every[number])}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
