"""A PostgreSQL server as a child of this process."""

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import asyncpg
from msgspec import Struct

from service.kernel.embedded.binaries import binaries_for
from service.kernel.embedded.child import Account, end, spawn
from service.kernel.embedded.lock import lock
from service.kernel.embedded.place import PASSABLE, PRIVATE, EmbeddedRefused, account_for, make, settle

ANSWER_SECONDS = 120.0  # after a crash it first replays up to a gigabyte of WAL
PAUSE_SECONDS = 0.02
PORTS = range(20_000, 32_000)
"""Below those that the kernel hands out by itself: nobody gets one between our look at it and the server's."""
ATTEMPTS = 3
HOST_RULES = "host all placet 127.0.0.1/32 scram-sha-256\n"
ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
"""The texts, parameters and details of a failed statement quote values: they are for who sent it, not for the log."""
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Embedded:
    """A PostgreSQL server that ends with the process that started it."""

    def __init__(self, url: str, process: subprocess.Popen[bytes], held: int) -> None:
        self.url = url
        self._process = process
        self._held: int | None = held

    @classmethod
    def start(cls, data_dir: Path, *, durable: bool = True) -> Self:
        """The server for `data_dir`, on its data or on a new empty database `placet`; raises `EmbeddedRefused`.

        Call it outside of an event loop, from a thread that lives as long as the server is wanted: the kernel ends
        the server at the end of that *thread*, not only at that of the process. `durable=False` is for tests: a
        kill costs the last transactions, and a crash of the machine may cost all.
        """
        try:
            return cls(*_start(data_dir, durable=durable))
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise EmbeddedRefused(
                f"The embedded PostgreSQL cannot be started: {error.strerror}{where}. Make that possible "
                "for this user, or set PLACET_DATABASE_URL to a PostgreSQL of your own."
            ) from error

    def stop(self) -> None:
        """End every session, write everything down, and return when the server is gone; again, it does nothing."""
        if self._held is not None:
            end(self._process)
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _House(Struct, frozen=True):
    """Where a database lies, what runs it and as whom, and the descriptors that its processes inherit."""

    home: Path
    binaries: Path
    account: Account | None
    held: int
    log: int

    def spawn(self, program: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        command = [str(self.binaries / program), *arguments]
        return spawn(command, self.account, stdin=stdin, stdout=self.log, keep=(self.held,))

    def run(self, program: str, *arguments: str, text: str = "") -> None:
        with self.spawn(program, *arguments, stdin=subprocess.PIPE) as process:
            try:
                process.communicate(text.encode())
            finally:
                process.kill()
        if process.returncode != 0:
            raise self.refusal(f"`{program}` could not make a new database")

    def refusal(self, what: str) -> EmbeddedRefused:
        path = _log_of(self.home)
        last = " | ".join(path.read_text(errors="replace").splitlines()[-5:]) or "it is empty"
        return EmbeddedRefused(f"{what}. The last lines of {path}: {last}. Mend what they name and start again.")


def _start(data_dir: Path, *, durable: bool) -> tuple[str, subprocess.Popen[bytes], int]:
    home = settle(data_dir)
    with ExitStack() as undo:
        held = lock(home)
        undo.callback(os.close, held)
        data = home / "cluster" / "data"
        account = account_for(data)
        binaries, major = binaries_for(account)
        if data.exists():
            _refuse_other_major(data, major)
        with _new_log(home).open("ab") as log:
            house = _House(home, binaries, account, held, log.fileno())
            if not data.exists():
                _create(house, durable=durable)
            _forget_dead_server(data)
            url, process = _serve(house, durable=durable)
        undo.pop_all()
        return url, process, held


def _refuse_other_major(data: Path, major: int) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise EmbeddedRefused(
            f"The data in {data} was made by PostgreSQL {made_by}, and this is PostgreSQL {major}. "
            f"Set PLACET_POSTGRES_BIN to the programs of PostgreSQL {made_by}, or delete {data.parent} to start anew "
            "without the data."
        )


def _log_of(home: Path) -> Path:
    return home / "postgres.log"


def _new_log(home: Path) -> Path:
    path = _log_of(home)
    if path.exists():
        path.replace(path.with_suffix(".log.1"))
    path.touch(PRIVATE)
    return path


def _create(house: _House, *, durable: bool) -> None:
    """Make the database aside and move it into place whole: whatever interrupts this, the next start begins anew."""
    new = house.home / "new"
    shutil.rmtree(new, ignore_errors=True)
    make(new, PASSABLE)
    data = new / "data"
    make(data, 0o700)
    if house.account:
        os.chown(data, house.account.user, house.account.group)
    password = secrets.token_urlsafe(24)
    _write(new / "password", password, PRIVATE)
    _write(new / "hosts", HOST_RULES, 0o644)
    traits = ("--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=reject", "--no-instructions")
    house.run("initdb", f"--pgdata={data}", "--username=placet", *traits, *(() if durable else ("--no-sync",)))
    statements = f"ALTER ROLE placet PASSWORD '{password}'\nCREATE DATABASE placet\n"
    alone = _options({"exit_on_error": "on"} | ALWAYS | ({} if durable else FORGETFUL))
    house.run("postgres", "--single", "-D", str(data), *alone, "postgres", text=statements)
    new.rename(house.home / "cluster")


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode)
    path.chmod(mode)
    path.write_text(text)


def _forget_dead_server(data: Path) -> None:
    """Remove the note of a killed server: the lock says that it is gone, and its process id may by now be anyone's."""
    left = data / "postmaster.pid"
    if not left.exists():
        return
    for folder in Path("/proc").glob("[0-9]*/cwd"):
        if _is_same(folder, data):
            raise EmbeddedRefused(
                f"Process {folder.parent.name} works in {data}: perhaps a PostgreSQL server started by other means. "
                "Stop it first."
            )
    left.unlink()


def _is_same(folder: Path, data: Path) -> bool:
    try:
        return folder.samefile(data)
    except OSError:  # it is gone, or another user's: theirs cannot be a server on data that only its owner can read
        return False


def _serve(house: _House, *, durable: bool) -> tuple[str, subprocess.Popen[bytes]]:
    cluster = house.home / "cluster"
    password = (cluster / "password").read_text()
    for _ in range(ATTEMPTS):
        port = _free_port()
        options = ALWAYS | {"port": str(port), "hba_file": str(cluster / "hosts")} | ({} if durable else FORGETFUL)
        url = f"postgresql://placet:{password}@127.0.0.1:{port}/placet"
        with ExitStack() as undo:
            process = house.spawn("postgres", "-D", str(cluster / "data"), *_options(options))
            undo.callback(end, process)
            if asyncio.run(_answers(url, process)):
                undo.pop_all()
                return url, process
            if process.poll() is None or _is_free(port):
                break
    raise house.refusal("PostgreSQL did not start")


def _options(values: dict[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in values.items()]


def _free_port() -> int:
    while not _is_free(port := secrets.choice(PORTS)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server comes to answer: to a connection, for only that proves whose server is on the port."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection = await asyncpg.connect(url, ssl=False, timeout=5)
        except asyncpg.InvalidAuthorizationSpecificationError:
            return False
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            await connection.close()
            return True
    return False
