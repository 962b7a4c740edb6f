"""What every test may ask for: a database of its own, and the service on it, spoken to over HTTP."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from service.cli.keyring import BESIDE
from service.kernel.embedded import Embedded, home_of
from service.kernel.migrate import migrate
from service.subjects.keys.model import FOLDER
from tests.leftovers import sweep
from tests.running import Running, running

ROOT = Path(__file__).parents[1]
TEMPLATE = "template_placet"
KEYRING_TEMPLATE = "template_keyring"


def pytest_configure(config: pytest.Config) -> None:
    """Tidy up after sessions that were killed, once for all workers."""
    if not hasattr(config, "workerinput"):
        sweep()


def pytest_report_header() -> str:
    """Which PostgreSQL the tests use."""
    return f"PostgreSQL: {os.environ.get('PLACET_POSTGRES_BIN', 'that of the wheel')}"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server for this worker's tests, with a migrated template database."""
    data_dir = tmp_path_factory.mktemp("postgres")
    with Embedded.start(data_dir, durable=False) as server:
        asyncio.run(_make_template(server.url))
        yield server.url
    shutil.rmtree(home_of(data_dir))


async def _make_template(url: str) -> None:
    await _on(url, f"CREATE DATABASE {TEMPLATE}", f"CREATE DATABASE {KEYRING_TEMPLATE}")
    await migrate(_named(url, TEMPLATE))
    await migrate(_named(url, KEYRING_TEMPLATE), FOLDER)


async def _on(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _named(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """A migrated database of this test's own, with a keyring's beside it."""
    name = f"test_{uuid4().hex}"
    keyring = name + BESIDE
    await _on(
        postgres,
        f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy",
        f"CREATE DATABASE {keyring} TEMPLATE {KEYRING_TEMPLATE} STRATEGY file_copy",
    )
    yield _named(postgres, name)
    await _on(postgres, f"DROP DATABASE {name} WITH (FORCE)", f"DROP DATABASE {keyring} WITH (FORCE)")


@pytest.fixture
def policies_dir() -> Path:
    """The bundle that the service starts with; a test module overrides it to start with another."""
    return ROOT / "policies"


@pytest.fixture
async def service(database_url: str, policies_dir: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """The service, running on a database of its own."""
    async with running(database_url, policies_dir, tmp_path / "data") as service:
        yield service
