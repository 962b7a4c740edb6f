"""One embedded PostgreSQL for one data folder, whoever is killed and however."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from service.kernel.embedded import Embedded, home_of
from service.kernel.embedded.binaries import binaries_for
from service.kernel.embedded.child import spawn
from service.kernel.embedded.place import account_for
from tests.cluster import servers_on
from tests.integration.kernel.embedded.starting import ask, free_port, noted_id, refusal, starter, told, until

BUSY = "SELECT max(sqrt(a * b)) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"


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
