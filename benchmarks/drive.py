"""The load generator: wrk, told by drive.lua what to send, and what it measured."""

import os
import shutil
import subprocess
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal

import click
import msgspec
from msgspec import Struct

from benchmarks.processes import Unreachable, started

HERE = Path(__file__).parent
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "wrk")
LONGEST_ANSWER_SECONDS = 10
OVERTIME_SECONDS = 30
"""How much longer than asked a run of wrk may take before it is cut off."""


class NoSuccess(Exception):
    """The service refuses what is to be measured; the message says what it answered."""


class Target(Struct, frozen=True):
    """A server on this machine, and the key that it is asked with."""

    port: int
    key: str


class Case(Struct, frozen=True):
    """A kind of request; each `%d` in `body` becomes the number of a subject, chosen as drive.lua says."""

    name: str
    path: str
    body: str
    subjects: Literal["any", "touched", "fresh"]
    connections: int

    def sample(self, target: Target) -> bytes:
        """The answer to one such request, about the first subject; raises `NoSuccess`."""
        connection = HTTPConnection("127.0.0.1", target.port, timeout=LONGEST_ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", self.path, self.body.replace("%d", "0"), headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise NoSuccess(f"{self.name}: the service answers {response.status}: {content.decode()}")
        return content


class Measured(Struct, frozen=True, forbid_unknown_fields=True):
    """One run of one case. `refused` counts answers that were no success, `broken` those that never came."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        """Requests without a good answer."""
        return self.refused + self.broken


def require_wrk() -> None:
    """Make sure that wrk is there, installing Debian's where we may; raises `Unreachable` with the command to use."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        click.echo("wrk is missing; installing Debian's", err=True)
        for command in (("apt-get", "update"), INSTALL):
            subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - fixed words
    if not shutil.which("wrk"):
        raise Unreachable(f"wrk, the load generator, is missing; install it with: sudo {' '.join(INSTALL)}")


def drive(case: Case, target: Target, *, seconds: int, subjects: int, turn: int) -> Measured:
    """Send a case for some seconds and measure; another `turn` chooses other subjects. Raises `Unreachable`."""
    command = [
        "wrk",
        "--threads=1",
        f"--connections={case.connections}",
        f"--duration={seconds}s",
        f"--timeout={LONGEST_ANSWER_SECONDS}s",
        "--script=drive.lua",
        f"http://127.0.0.1:{target.port}{case.path}",
        "--",
        case.subjects,
        str(subjects),
        str(turn),
    ]
    environment = os.environ | {"BENCHMARK_BODY": case.body, "BENCHMARK_KEY": target.key}
    with started(command, environment, folder=HERE, output=subprocess.PIPE) as process:
        output, _ = process.communicate(timeout=seconds + OVERTIME_SECONDS)
    last = output.strip().rpartition(b"\n")[2]
    try:
        return msgspec.json.decode(last, type=Measured)
    except msgspec.DecodeError as error:
        raise Unreachable(f"wrk measured nothing: {output.decode()}") from error
