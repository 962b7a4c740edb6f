"""A service starts with the keyring that belongs to its database, or says what is wrong."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.cli.keyring import BESIDE
from service.kernel.migrate import create_beside
from tests.integration.cli.playing import ROOT
from tests.integration.cli.test_start import _free_port
from tests.running import Running, customer, keyring_beside


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    complained: str


def placet(service: Running, *arguments: str, **settings: str) -> Ended:
    """Run a command with the settings of a service that runs in production, but for its keyring."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    environment = own | service.settings() | {"PLACET_PORT": str(_free_port())}
    del environment["PLACET_KEYRING_URL"]
    ended = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-m", "service.cli", *arguments],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stderr)


def test_production_names_its_keyring(service: Running) -> None:
    """Without PLACET_KEYRING_URL nothing of production starts, and what to do is said."""
    for command in ("serve", "work", "migrate"):
        ended = placet(service, command)
        assert ended.status == 2
        assert "PLACET_KEYRING_URL is not set" in ended.complained
        assert "Traceback" not in ended.complained


async def test_a_keyring_that_lacks_somebody_is_refused(service: Running, keyring: asyncpg.Connection) -> None:
    """A keyring that is older than the main database is refused with a remedy, by whatever opens what is sealed."""
    for person in ("ada", "bob"):
        await service.give(customer(person), "analytics")
    await keyring.execute(
        "DELETE FROM subject_keys WHERE subject_id = (SELECT max(subject_id::text)::uuid FROM subject_keys)"
    )
    ended = placet(service, "serve", PLACET_KEYRING_URL=service.keyring_url)
    assert ended.status == 1
    assert "lacks the keys of at least 1 of the people" in ended.complained
    assert "restore the newest backup" in ended.complained
    assert "Traceback" not in ended.complained


@pytest.fixture
async def bare(postgres: str) -> AsyncIterator[str]:
    """A keyring's database beside one named `bare`, both without any table."""
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE DATABASE bare")
    yield postgres.rpartition("/")[0] + "/bare"
    for name in ("bare", "bare_keyring"):
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.close()


async def test_development_makes_a_keyring_beside_the_database(bare: str) -> None:
    """It is named like the database, is made once, and is found again."""
    address = await create_beside(bare, BESIDE)
    assert address == keyring_beside(bare) == await create_beside(bare, BESIDE)
    assert urlsplit(address).path == "/bare_keyring"
    await (await asyncpg.connect(address)).close()


async def test_a_keyring_without_its_schema_is_told_to_be_migrated(service: Running, bare: str) -> None:
    """What lacks a table is not served with, and `placet migrate` makes it."""
    address = await create_beside(bare, BESIDE)
    ended = placet(service, "serve", PLACET_KEYRING_URL=address)
    assert (ended.status, "run `placet migrate` first" in ended.complained) == (3, True)
    assert placet(service, "migrate", PLACET_KEYRING_URL=address).status == 0
    missing = placet(service, "serve", PLACET_KEYRING_URL=bare + "_nowhere")
    assert (missing.status, "or name another in PLACET_KEYRING_URL" in missing.complained) == (3, True)
