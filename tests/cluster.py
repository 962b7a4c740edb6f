"""A PostgreSQL that can be killed and started again at the same address, with everything on the disk."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import asyncpg

from service.kernel.embedded import Embedded, home_of
from service.kernel.embedded import server as embedded
from service.kernel.embedded.binaries import binaries_for
from service.kernel.embedded.child import end, spawn
from service.kernel.embedded.place import account_for

ANSWERS_WITHIN_SECONDS = 30


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


class Cluster:
    """The server on the embedded database of a folder, without the embedded launcher, which would choose its port."""

    def __init__(self, data_dir: Path) -> None:
        Embedded.start(data_dir).stop()
        self._data_dir = data_dir
        self._cluster = home_of(data_dir) / "cluster"
        self._account = account_for(self._cluster / "data")
        self._port = embedded._free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the database, which stays the same."""
        return f"postgresql://placet:{(self._cluster / 'password').read_text()}@127.0.0.1:{self._port}/placet"

    def start(self) -> None:
        """Start the server, which answers a little later."""
        binaries, _ = binaries_for(self._account)
        options = embedded.ALWAYS | {"port": str(self._port), "hba_file": str(self._cluster / "hosts")}
        embedded._forget_dead_server(self._cluster / "data")
        command = [str(binaries / "postgres"), "-D", str(self._cluster / "data"), *embedded._options(options)]
        self._process = spawn(command, self._account, stdout=subprocess.DEVNULL)

    async def answers(self) -> None:
        """Wait until the server takes connections."""
        async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
            while True:
                try:
                    await (await asyncpg.connect(self.url)).close()
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """SIGKILL to every process of the server at once, as when its machine is lost; the disk keeps what it has."""
        for number in servers_on(self._data_dir):
            os.kill(number, signal.SIGKILL)
        self._wait()

    def stop_at_once(self) -> None:
        """End every session without waiting for it, and write nothing down (`pg_ctl stop -m immediate`)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._wait()

    def stop(self) -> None:
        """End the server, whatever state it is in."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def _wait(self) -> None:
        assert self._process is not None
        self._process.wait()
        while servers_on(self._data_dir):  # children that outlive the first of them
            pass
        self._process = None
