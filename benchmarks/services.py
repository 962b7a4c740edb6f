"""What is measured, started: the service, another process of it on the same database, and the floor."""

import os
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.drive import Case, Target
from benchmarks.processes import answers, free_port, server
from benchmarks.shop import policies
from service.cli import credentials
from service.cli.credentials import Credentials
from service.kernel.embedded import home_of

SERVE = (sys.executable, "-m", "service.cli", "serve")


POLICIES = "policies"


@contextmanager
def service(folder: Path) -> Generator[tuple[int, Target, Credentials]]:
    """The service as `make run` starts it, on a new database with fsync on: process id, target, credentials.

    Its policies are those of `shop.py`, in the folder.
    """
    policies(folder / POLICIES)
    port, written = free_port(), folder / "dev-credentials.json"

    def serves() -> bool:
        return written.exists() and answers(port, "/health/ready")

    try:
        command = [*SERVE, "--development", "--port", str(port)]
        with server(command, _environment(folder), log=folder / "service.log", serves=serves) as process:
            given = credentials.read(written)
            yield process.pid, Target(port=port, key=given.secret_key), given
    finally:
        shutil.rmtree(home_of(folder), ignore_errors=True)


@contextmanager
def beside(folder: Path, given: Credentials) -> Generator[Target]:
    """Another process of the service in a folder, with its keys and its database."""
    port = free_port()
    environment = {
        **_environment(folder),
        "PLACET_DATABASE_URL": given.database_url,
        "PLACET_KEYRING_URL": given.keyring_url,
    }
    command = [*SERVE, "--port", str(port)]
    with server(command, environment, log=folder / "beside.log", serves=lambda: answers(port, "/health/ready")):
        yield Target(port=port, key=given.secret_key)


def _environment(folder: Path) -> Mapping[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith("PLACET_") or n.startswith("PLACET_POSTGRES_")}
    own = {
        "PLACET_DATA_DIR": folder,
        "PLACET_ROOT_KEY_FILE": folder / "root.key",
        "PLACET_POLICIES_DIR": folder / POLICIES,
    }
    return kept | {name: str(path) for name, path in own.items()}


@contextmanager
def floor(folder: Path, service: Target, cases: Sequence[tuple[str, Case]]) -> Generator[Target]:
    """The floor, which answers as the service just did."""
    samples, port = folder / "samples.json", free_port()
    samples.write_bytes(msgspec.json.encode({name: msgspec.Raw(case.sample(service)) for name, case in cases}))
    command = [sys.executable, "-m", "benchmarks.floor", str(port), str(samples)]
    with server(command, os.environ, log=folder / "floor.log", serves=lambda: answers(port, "/health/live")):
        yield Target(port=port, key=service.key)
