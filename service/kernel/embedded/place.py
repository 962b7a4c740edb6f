"""Where an embedded database lies, and who owns it."""

import fcntl
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from service.kernel.embedded.child import Account

SYSTEM_FOLDER = Path("/var/lib/placet")
SYSTEM_USER = "placet"
SYSTEM_PROGRAMS = "/usr/sbin:/sbin:/usr/bin:/bin"
PRIVATE = 0o600
OWNER = "data-folder"
"""In a home of root: a note of the data folder whose database it is, for whoever tidies up after deleted ones."""
PASSABLE = 0o711  # the system user passes through, and lists nothing


class EmbeddedRefused(Exception):
    """The embedded PostgreSQL cannot be started; the message says why and what to do."""


def home_of(data_dir: Path) -> Path:
    """The folder in which the whole database of `data_dir` lies, once it was started.

    That is `data_dir/postgres`. For root it is a link to a folder of its own that the system user can reach: to
    delete the data, delete both.
    """
    return (data_dir / "postgres").resolve()


def settle(data_dir: Path) -> Path:
    """The home of the database, made if missing; raises `EmbeddedRefused` when it is another user's."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _settle_as_root(data_dir / "postgres")
    home = home_of(data_dir)
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.geteuid():
        raise EmbeddedRefused(
            f"The database in {home} was made by another user. Run as that user, "
            "or set PLACET_DATA_DIR to another folder."
        )
    return home


def _settle_as_root(link: Path) -> None:
    with system_folder() as folder:
        if link.exists():
            return
        link.unlink(missing_ok=True)  # its folder was deleted: begin anew
        home = folder / secrets.token_hex(8)
        make(home, PASSABLE)
        note = home / OWNER
        note.touch(PRIVATE)
        note.write_text(str(link.parent.absolute()))
        link.symlink_to(home)


@contextmanager
def system_folder() -> Generator[Path]:
    """The folder of all the embedded databases of root, held by one process at a time while it is arranged."""
    if not SYSTEM_FOLDER.exists():
        make(SYSTEM_FOLDER, PASSABLE)
    held = os.open(SYSTEM_FOLDER / "lock", os.O_RDWR | os.O_CREAT, PRIVATE)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield SYSTEM_FOLDER
    finally:
        os.close(held)


def make(folder: Path, mode: int) -> None:
    """Make a folder with exactly this mode, which the process's umask would cut down."""
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)


def account_for(data: Path) -> Account | None:
    """Who runs the server on `data`: its owner, or the system user for new data; None for who is not root anyway."""
    if os.geteuid() != 0:
        return None
    if data.exists():
        return Account(data.stat().st_uid, data.stat().st_gid)
    with system_folder():
        account = _user(SYSTEM_USER) or _added_user() or _user("nobody")
    if account is None:
        raise EmbeddedRefused(
            f"PostgreSQL does not run as root, and there is no user `{SYSTEM_USER}` to run it. Add one with "
            f"`useradd --system {SYSTEM_USER}`, or run as another user than root."
        )
    return account


def _user(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _added_user() -> Account | None:
    useradd = shutil.which("useradd", path=SYSTEM_PROGRAMS)
    if useradd is None:
        return None
    traits = ("--system", "--user-group", "--no-create-home", "--home-dir=/nonexistent", "--shell=/usr/sbin/nologin")
    subprocess.run([useradd, *traits, SYSTEM_USER], check=False, capture_output=True)  # noqa: S603 - fixed words
    return _user(SYSTEM_USER)
