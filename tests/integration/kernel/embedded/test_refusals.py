"""Why an embedded PostgreSQL does not start, each time in a sentence that says what to do."""

from pathlib import Path

import pytest

from service.kernel.embedded import Embedded, home_of
from service.kernel.embedded.binaries import binaries_for
from tests.cluster import servers_on
from tests.integration.kernel.embedded.starting import ask, refusal, starter, told

NEEDED = (b"libz.so.1", b"libm.so.6")


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
