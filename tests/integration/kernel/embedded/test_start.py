"""What the embedded PostgreSQL is once it has started: sound, closed to others, and with its data."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.kernel.embedded import Embedded, home_of
from tests.cluster import servers_on
from tests.integration.kernel.embedded.starting import ask


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
