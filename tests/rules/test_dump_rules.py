"""I9: what somebody can find out who has the main database and a list of addresses, but not the key file."""

import hashlib
import hmac
import itertools
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from service.kernel.crypto import framed, to_text
from service.subjects.keyfile import read_key_file
from tests.filing import file
from tests.running import Running

ADDRESSES = [f"{name}@example.com" for name in ("ada", "grace", "hedy", "joan")]
HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b")
LONGEST_KEY = 64


async def dumped(database_url: str) -> list[Any]:
    """Every value of every row of every table."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [row for (name,) in tables for row in await connection.fetch(f'SELECT * FROM "{name}"')]  # noqa: S608
        return [value for row in rows for value in row.values()]
    finally:
        await connection.close()


def flat(values: list[Any]) -> Iterator[bytes]:
    """The values as bytes, those of lists one by one."""
    for value in values:
        if isinstance(value, list):
            yield from flat(value)
        elif value is not None:
            yield value if isinstance(value, bytes) else str(value).encode()


def guesses(address: str) -> list[bytes]:
    """What might be hashed of an address, by whoever has read this code."""
    plain, kind = address.encode(), b"email"
    return [
        plain,
        kind + plain,
        kind + b":" + plain,
        framed(kind, plain),
        framed(b"v1", kind, plain),
        b"v1" + kind + plain,
    ]


def attacked(values: list[bytes], address: str, keys: list[bytes]) -> list[str]:
    """Which attempts to recognise an address succeed: hashes, and keyed hashes under everything that could be a key."""
    whole = b"\n".join(values)
    attempts = {name: hashlib.new(name, guess).digest() for name in HASHES for guess in guesses(address)}
    attempts |= {
        f"hmac under {key.hex()} of {guess!r}": hmac.digest(key, guess, "sha256")
        for key, guess in itertools.product(keys, guesses(address))
    }
    forms = (
        (name, form) for name, raw in attempts.items() for form in (raw, raw.hex().encode(), to_text(raw).encode())
    )
    return [name for name, form in forms if form[:40] in whole]


@pytest.mark.rule("I9")
async def test_a_dump_cannot_be_attacked_with_a_list_of_addresses(service: Running) -> None:
    """No hash of a known address is in it, keyed or not, but under a key that only the key file has."""
    for address in ADDRESSES:
        await service.give({"kind": "email", "value": address}, "analytics")
        await file(service, "access", {"kind": "email", "value": address})
    values = list(flat(await dumped(service.database_url)))
    keys = sorted({value for value in values if 0 < len(value) <= LONGEST_KEY} | {b"", bytes(32)})
    assert len(keys) > len(ADDRESSES)
    for address in ADDRESSES:
        assert attacked(values, address, keys) == []
    held = [key.raw for key in read_key_file(service.desks.settings) if key.use == "lookup"]
    for address in ADDRESSES:
        assert len(attacked(values, address, held)) == 1
    assert attacked(values, "nobody@example.com", held) == []
    written = (service.data_dir / "keys.json").read_text()
    assert not any(to_text(key) in written for key in held)
