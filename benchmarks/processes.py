"""Processes that end with the benchmark, however it ends, and what can be said of them."""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
SERVES_WITHIN_SECONDS = 120
GRACE_SECONDS = 30
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.05
LOG_TAIL_BYTES = 2000

_libc = ctypes.CDLL(None, use_errno=True)


class Unreachable(Exception):
    """Something that the benchmark needs is not there; the message says what and the remedy."""


def _end_with_parent() -> None:
    """Runs in the child: the kernel ends it when this benchmark is gone, also after SIGKILL."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], *, folder: Path, output: int | IO[bytes]
) -> Generator["subprocess.Popen[bytes]"]:
    """A child process in a session of its own, so that Ctrl-C reaches it through us and in order."""
    process = subprocess.Popen(  # noqa: S603 - commands of this package
        command,
        env=environment,
        cwd=folder,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, and no thread runs beside it
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def server(
    command: Sequence[str], environment: Mapping[str, str], *, log: Path, serves: Callable[[], bool]
) -> Generator["subprocess.Popen[bytes]"]:
    """A child that serves; raises `Unreachable` with its last words when it does not do so in good time."""
    with log.open("wb") as file, started(command, environment, folder=ROOT, output=file) as process:
        deadline = time.monotonic() + SERVES_WITHIN_SECONDS
        while not serves():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
                raise Unreachable(f"`{' '.join(command)}` does not serve; its last words:\n{tail}")
            time.sleep(POLL_SECONDS)
        yield process


def answers(port: int, path: str) -> bool:
    """Whether a server on this machine answers a GET with success."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_mib(process_id: int) -> float:
    """The resident memory of a process, in MiB."""
    status = Path(f"/proc/{process_id}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) / 1024


class Neighbours:
    """How much of the processors other work takes, from now on; what we started counts as ours once it has ended."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy = _busy_seconds() - _own_seconds()

    def share(self) -> float:
        """The share of all processors that was not ours, 0 to 1."""
        available = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return max(0.0, (_busy_seconds() - _own_seconds() - self._busy) / available)


def _busy_seconds() -> float:
    """Processor time of everything on this machine, and what its host took away."""
    user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, _processors().split()[1:9])
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


def _processors() -> str:
    with Path("/proc/stat").open() as file:
        return file.readline()


def _own_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)
