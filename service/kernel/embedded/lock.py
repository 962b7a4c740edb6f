"""One server per database: a lock that only the kernel's own bookkeeping can free."""

import fcntl
import os
import sys
import time
from pathlib import Path

from service.kernel.embedded.place import PRIVATE, EmbeddedRefused

DYING_SECONDS = 0.5  # a process that was just killed still looks alive
ENDING_SECONDS = 20.0
PAUSE_SECONDS = 0.02


def lock(home: Path) -> int:
    """A descriptor that holds the lock of `home`; raises `EmbeddedRefused` when another process holds it.

    The server's processes inherit it, so that it is free when the last of them is gone. One whose starter died is
    waited for, up to 20 seconds.
    """
    path = home / "lock"
    held = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE)
    try:
        _wait_for(held, path)
        os.ftruncate(held, 0)
        os.pwrite(held, str(os.getpid()).encode(), 0)
    except BaseException:
        os.close(held)
        raise
    return held


def _wait_for(held: int, path: Path) -> None:
    began = time.monotonic()
    while not _taken(held):
        waited = time.monotonic() - began
        starter = os.pread(held, 20, 0).decode(errors="replace")
        if waited > DYING_SECONDS and starter.isdigit() and _lives(int(starter)):
            raise EmbeddedRefused(
                f"The database in {path.parent} is in use by process {starter}. Stop that one first, "
                "or set PLACET_DATA_DIR to another folder."
            )
        if waited > ENDING_SECONDS:
            raise EmbeddedRefused(
                f"The database in {path.parent} is in use by processes that outlived the one that started them. "
                f"End them (`fuser {path}` lists them) and start again."
            )
        time.sleep(PAUSE_SECONDS)


def _taken(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(process_id: int) -> bool:
    """Whether a process lives; one that is dead and not yet collected by its parent does not."""
    try:
        if sys.platform == "linux":
            return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
        os.kill(process_id, 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
