"""Processes of PostgreSQL: as another user where needed, out of the terminal's reach, ending with their starter."""

import ctypes
import os
import signal
import subprocess
import sys
from functools import partial

from msgspec import Struct

PR_SET_PDEATHSIG = 1
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""All that the programs of PostgreSQL get to see: neither secrets of this process nor its PG… variables."""
LIBC = ctypes.CDLL(None)


class Account(Struct, frozen=True):
    """Another user for a child, because PostgreSQL refuses to run as root."""

    user: int
    group: int


def spawn(
    command: list[str],
    account: Account | None,
    *,
    stdout: int,
    stdin: int = subprocess.DEVNULL,
    keep: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start a command that is sent SIGQUIT when the calling *thread* ends; it inherits the descriptors in `keep`."""
    return subprocess.Popen(  # noqa: S603 - the programs of PostgreSQL, with arguments of this package
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=ENVIRONMENT,
        pass_fds=keep,
        start_new_session=True,
        user=account.user if account else None,
        group=account.group if account else None,
        extra_groups=[] if account else None,
        preexec_fn=partial(_end_with, os.getpid()),  # noqa: PLW1509 - runs after the change of user, which would undo it
    )


def _end_with(parent: int) -> None:
    if sys.platform == "linux" and LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT) != 0:
        os._exit(1)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def end(server: subprocess.Popen[bytes]) -> None:
    """End a PostgreSQL server and wait for it: in order, then at once, then by force."""
    for how, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, None)):
        server.send_signal(how)
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return
