"""Databases that killed sessions of tests left behind: as root they lie outside of the folders that pytest deletes."""

import fcntl
import os
import shutil
from pathlib import Path

from service.kernel.embedded.place import OWNER, SYSTEM_FOLDER, system_folder

MADE_BY_TESTS = "pytest-of-"
"""How the folder begins in which pytest makes those of a user's sessions."""


def sweep() -> None:
    """Remove what belonged to folders of tests that are gone, unless a server runs on it."""
    if not SYSTEM_FOLDER.is_dir() or SYSTEM_FOLDER.stat().st_uid != os.geteuid():
        return
    with system_folder() as folder:
        for note in folder.glob(f"*/{OWNER}"):
            if _is_left_over(Path(note.read_text())):
                _remove_unless_used(note.parent)


def _is_left_over(data_dir: Path) -> bool:
    """Nobody moves a folder of tests to keep it, as one may a folder of one's own, whose database goes on with it."""
    return any(part.startswith(MADE_BY_TESTS) for part in data_dir.parts) and not data_dir.exists()


def _remove_unless_used(home: Path) -> None:
    with (home / "lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(home)
