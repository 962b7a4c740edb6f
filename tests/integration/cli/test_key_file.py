"""The key file of another database is noticed at the start, before anybody is asked about."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from service.kernel.crypto import random_key, to_text
from tests.integration.cli.playing import ROOT
from tests.integration.cli.test_start import _free_port
from tests.process import process_beside
from tests.rotating import copied, keys
from tests.running import Running, customer, keyring_beside

FILE = "keys.json"


def _refused(database_url: str, data_dir: Path, *options: str) -> str:
    """What a start complains of that must be refused."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    settings = {
        "PLACET_DATABASE_URL": database_url,
        "PLACET_KEYRING_URL": keyring_beside(database_url),
        "PLACET_DATA_DIR": str(data_dir),
        "PLACET_ROOT_KEY_FILE": str(data_dir / "root.key"),
        "PLACET_PORT": str(_free_port()),
    }
    ended = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-m", "service.cli", "serve", *options],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False), ended.stderr
    return ended.stderr


@pytest.fixture
async def used(service: Running, policies_dir: Path, tmp_path: Path) -> Running:
    """A database that was served from once, with nobody in it."""
    async with process_beside(service, policies_dir, tmp_path / "log"):
        pass
    return service


@pytest.mark.parametrize("options", [[], ["--development"]])
async def test_the_key_file_of_another_database_is_refused(used: Running, tmp_path: Path, options: list[str]) -> None:
    """A start with other keys ends with the file, what it means and the remedy; nothing is written."""
    other = tmp_path / "other"
    _keys_init(other)
    before = await used.contents()
    complained = _refused(used.database_url, other, *options)
    assert f"{other / FILE} is not the key file of this database" in complained
    assert "nobody would be found" in complained
    assert "restore the copy" in complained
    assert await used.contents() == before


@pytest.mark.parametrize("options", [[], ["--development"]])
async def test_no_new_key_file_is_made_for_a_used_database(used: Running, tmp_path: Path, options: list[str]) -> None:
    """A key file that is missing is asked for, and not replaced, also where nobody is recorded yet."""
    empty = tmp_path / "empty"
    assert f"{empty / FILE} is missing" in _refused(used.database_url, empty, *options)
    assert not (empty / FILE).exists()


async def test_another_root_key_is_refused(used: Running, tmp_path: Path) -> None:
    """A start with a root key that does not unwrap the key file ends with that and the remedy; nothing is written."""
    other = copied(used, tmp_path / "other")
    (other / "root.key").write_text(to_text(random_key()))
    before = await used.contents()
    complained = _refused(used.database_url, other)
    assert f"the root key is not that of {other / FILE}" in complained
    assert "restore the one that was kept" in complained
    assert await used.contents() == before


async def test_a_copy_from_before_a_rotation_is_refused(used: Running, tmp_path: Path) -> None:
    """An old copy of the key file is told apart from one of another database."""
    old = copied(used, tmp_path / "old")
    assert (await keys(used, "rotate", "signing")).status == 0
    complained = _refused(used.database_url, old)
    assert f"{old / FILE} lacks keys that this database was used with (signing 2)" in complained
    assert "a copy from before a rotation; restore the copy" in complained


async def test_a_database_from_before_the_fingerprints_is_tried(service: Running, tmp_path: Path) -> None:
    """A database that remembers no keys yet but holds people is opened by its own key file alone."""
    await service.give(customer(), "analytics")
    connection = await asyncpg.connect(service.database_url)
    await connection.execute("DELETE FROM key_fingerprints")
    await connection.close()
    other = tmp_path / "other"
    assert f"{other / FILE} is missing" in _refused(service.database_url, other)
    _keys_init(other)
    assert "is not the key file of this database" in _refused(service.database_url, other)
    assert await service.count("key_fingerprints") == 0


async def test_the_right_key_file_starts_again(used: Running, policies_dir: Path, tmp_path: Path) -> None:
    """A second start with the same keys serves, and remembers nothing more."""
    assert await used.count("key_fingerprints") == 7
    async with process_beside(used, policies_dir, tmp_path / "again"):
        assert await used.count("key_fingerprints") == 7


def _keys_init(data_dir: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    command = [sys.executable, "-m", "service.cli", "keys", "init"]
    settings = {"PLACET_DATA_DIR": str(data_dir), "PLACET_ROOT_KEY_FILE": str(data_dir / "root.key")}
    subprocess.run(command, cwd=ROOT, env=environment | settings, check=True)  # noqa: S603 - fixed words
