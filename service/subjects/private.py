"""Files that hold keys: read only where nobody else can read them, and written whole or not at all."""

import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600


class KeyFileRefused(Exception):
    """A file of keys cannot be used; the message says why and what to do."""


def read(path: Path, remedy: str) -> bytes:
    """The content of a file; raises `KeyFileRefused` for one that others can read, or that is missing: `remedy`."""
    try:
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    if mode & 0o077:
        raise KeyFileRefused(f"{path} can be read by others (mode {mode:o}); run `chmod 600` on it")
    return content


def write(path: Path, content: bytes) -> None:
    """Put a whole file where one was, or none; on the disk when this returns. Raises `KeyFileRefused`."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        move(part, path)
    except OSError as error:
        raise _unwritable(path, error) from error


def make_folder(path: Path) -> None:
    """Make the folder of a file; one that is there keeps its mode. Raises `KeyFileRefused`."""
    try:
        with suppress(FileExistsError):
            path.parent.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise _unwritable(path, error) from error


def move(old: Path, new: Path) -> None:
    """Give a file another name, which it has after a loss of power too."""
    old.replace(new)
    sync_folder(new)


def sync_folder(path: Path) -> None:
    """Let a file that was just made or moved have its name after a loss of power too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Keep everybody else from changing a file until the end; its readers need no lock. Raises `KeyFileRefused`."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        held = os.open(lock, os.O_RDWR | os.O_CREAT, PRIVATE)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _take(held, path)
        yield
    finally:
        os.close(held)


def _take(held: int, path: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise KeyFileRefused(f"{path} is being changed by another process; wait for it to end") from error


def _unwritable(path: Path, error: OSError) -> KeyFileRefused:
    return KeyFileRefused(
        f"{path} cannot be written ({error.strerror}); PLACET_DATA_DIR names the folder of the key file, "
        "PLACET_ROOT_KEY_FILE the file of the root key"
    )
