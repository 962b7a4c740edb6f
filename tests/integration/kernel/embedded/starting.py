"""The embedded PostgreSQL as another process starts it, and what can be seen of it from here."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service.kernel.embedded import Embedded, EmbeddedRefused, home_of

ROOT = Path(__file__).parents[4]
PATIENCE_SECONDS = 30
STARTER = """
import json, os, resource, signal, sys
from pathlib import Path
import asyncpg, encodings.idna, stringprep
from service.kernel.embedded import Embedded, EmbeddedRefused
data_dir, wishes = Path(sys.argv[1]), json.loads(sys.argv[2])
if limit := wishes.get("largest_file"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if group := wishes.get("group"):
    os.setgroups([0, group])
if user := wishes.get("user"):
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
try:
    with Embedded.start(data_dir, durable=bool(wishes.get("durable"))) as server:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(json.dumps({"url": server.url}), flush=True)
        sys.stdin.read()
except EmbeddedRefused as refused:
    print(json.dumps({"refused": str(refused)}), flush=True)
"""


@contextmanager
def starter(
    data_dir: Path, environment: dict[str, str] | None = None, **wishes: int
) -> Iterator[subprocess.Popen[str]]:
    """Another process that starts the server, tells of it in one line, and ends it when its input ends."""
    with subprocess.Popen(  # noqa: S603 - the script above
        [sys.executable, "-c", STARTER, str(data_dir), json.dumps(wishes)],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.stdin.close()


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    """What a starter says came of it."""
    return json.loads(process.stdout.readline())


def ask(url: str, *statements: str) -> Any:
    """Run statements, each by itself; the value of the last."""

    async def work() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(work())


def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition, and return what it gave."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (given := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return given


def noted_id(data_dir: Path) -> str:
    """The process id that the running server notes beside its data."""
    return (home_of(data_dir) / "cluster" / "data" / "postmaster.pid").read_text().partition("\n")[0]


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refusal(start: Callable[[], Embedded]) -> str:
    """The sentence with which a start is refused."""
    with pytest.raises(EmbeddedRefused) as caught:
        start().stop()
    return str(caught.value)
