"""The browser of these tests: Chromium as it is found, or as Debian packages it."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "apt-get install --yes --no-install-recommends chromium"
WAIT_FOR_OTHERS = ("-o", "DPkg::Lock::Timeout=300")


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; installs it where that is possible, else skips and says what would help."""
    if path := _found():
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in ("apt-get update", INSTALL):
            words = [*command.split(), *WAIT_FOR_OTHERS]
            subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - fixed words
    if path := _found():
        return path
    pytest.skip(f"there is no Chromium here; as root: {INSTALL}")


@pytest.fixture
def browse(chromium: str, tmp_path: Path) -> Sequence[str]:
    """The command that opens an address in a new profile, cut off from other hosts, and prints the quiet page."""
    return [
        chromium,
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--enable-logging=stderr",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path / 'profile'}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--dump-dom",
    ]
