"""What the tests of the keyring ask for: a look into both databases from outside, and a process to kill."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.running import Running


@pytest.fixture
async def connection(service: Running) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the main database."""
    connection = await asyncpg.connect(service.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def keyring(service: Running) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the keyring's database."""
    connection = await asyncpg.connect(service.keyring_url)
    yield connection
    await connection.close()
