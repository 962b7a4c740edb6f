"""The folders and the programs that the tests of the embedded PostgreSQL ask for."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.kernel.embedded import home_of
from tests.cluster import servers_on

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose database is deleted afterwards wherever it lies."""
    data_dir = tmp_path / "data"
    yield data_dir
    for survivor in servers_on(data_dir):
        os.kill(survivor, signal.SIGKILL)
    shutil.rmtree(home_of(data_dir), ignore_errors=True)


@pytest.fixture(params=[None, *INSTALLED], ids=lambda folder: folder.parent.name if folder else "default")
def any_postgres(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test on the PostgreSQL of the wheel, or the one asked for, and on each that the system has."""
    if request.param:
        monkeypatch.setenv("PLACET_POSTGRES_BIN", str(request.param))


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that any user may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="placet-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(home_of(folder / "data"), ignore_errors=True)
    shutil.rmtree(folder)
