"""The service as an operator runs it: SIGHUP reads the folder of policies again, and every other process follows."""

import signal
from pathlib import Path

import pytest

from tests.integration.cli.playing import until
from tests.process import process_beside, worker_beside
from tests.running import Running, succeeded
from tests.unit.policy.folder import Folder

CURRENT = "/v1/bundles/current"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """The folder that both processes read their policies from."""
    return Folder(tmp_path / "policies")


@pytest.fixture
def policies_dir(folder: Folder) -> Path:
    """The service starts with a folder that a test can change."""
    return folder.path


async def in_force(service: Running, digest: str) -> bool:
    """Whether a process decides by the bundle of this digest."""
    return succeeded(await service.get(CURRENT))["digest"] == digest


async def test_a_signal_reads_the_folder_again(service: Running, folder: Folder, tmp_path: Path) -> None:
    """A folder with mistakes is an event that lists them, and the process goes on; mended it is in force everywhere."""
    log = tmp_path / "log"
    async with process_beside(service, folder.path, log) as beside:
        assert beside.process is not None
        before = folder.load().digest
        folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
        folder.edit("contact.toml", 'time-zone = "Europe/Rome"', 'time-zone = "Rome"')
        beside.process.send_signal(signal.SIGHUP)
        await until(lambda: "policy.refused" in log.read_text())
        assert "contact.toml: time-zone: is no time zone" in log.read_text()
        assert await in_force(beside, before)
        folder.edit("contact.toml", 'time-zone = "Rome"', 'time-zone = "Europe/Rome"')
        beside.process.send_signal(signal.SIGHUP)
        for process in (beside, service):
            await until(lambda process=process: in_force(process, folder.load().digest))
        assert beside.process.returncode is None


async def test_one_request_changes_every_process(service: Running, folder: Folder, tmp_path: Path) -> None:
    """What an officer activates at one process is in force at another one, which was not asked."""
    async with process_beside(service, folder.path, tmp_path / "log") as beside:
        folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
        told = succeeded(await service.post("/v1/bundles", key=service.officers[0]))
        await until(lambda: in_force(beside, told["bundle"]["digest"]))
        assert succeeded(await beside.get(CURRENT)) == told["bundle"]


async def test_the_worker_follows(service: Running, folder: Folder, tmp_path: Path) -> None:
    """What it deletes and whom it tells goes by the bundle in force, not by that of its start."""
    log, other = tmp_path / "log", Folder(tmp_path / "other")
    async with worker_beside(service, other.path, log):
        folder.edit("offers/fallbacks.toml", "Music, the way it should sound", "Music as it is")
        digest = succeeded(await service.post("/v1/bundles", key=service.officers[0]))["bundle"]["digest"]
        await until(lambda: f'"policy.activated","bundle":"{digest}"' in log.read_text())
