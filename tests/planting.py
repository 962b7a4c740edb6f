"""Values that cannot be overlooked, planted wherever the service takes something personal, and the search for them."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import randbelow, token_hex

import asyncpg

from service.kernel.crypto import from_text


class Planted:
    """The markers of one test, and every spelling in which one could show."""

    def __init__(self) -> None:
        self.marker = f"zq{token_hex(8)}"
        self.digits = f"34{randbelow(10**8):08}"
        self.cookies: list[str] = []
        self.email = {"kind": "email", "value": f"Ada.{self.marker.upper()}@Example.com"}
        self.phone = {"kind": "phone", "value": f"+39 {self.digits[:3]} {self.digits[3:]}"}
        self.customer = {"kind": "customer_id", "value": f"no. {self.marker}"}

    def spellings(self) -> list[bytes]:
        """Plain, in capitals, in UTF-16 of both orders, in hexadecimal, and in base64 at each of its three offsets."""
        texts = (self.marker, self.marker.upper(), self.digits, *self.cookies)
        encodings = ("utf-8", "utf-16-le", "utf-16-be")
        plain = [text.encode(encoding) for text in texts for encoding in encodings]
        plain += [from_text(cookie) for cookie in self.cookies]
        hexadecimal = [spelling.hex().encode() for spelling in plain]
        return [*plain, *hexadecimal, *(form for spelling in plain for form in in_base64(spelling))]

    def found_in(self, place: str, content: bytes) -> Iterator[str]:
        """Where a spelling shows: the place, and what stands around it."""
        for spelling in self.spellings():
            at = content.find(spelling)
            if at >= 0:
                yield f"{place}: …{content[max(0, at - 60) : at + 60]!r}…"


def in_base64(spelling: bytes) -> Iterator[bytes]:
    """What base64 makes of a value at each of the three places where it may begin."""
    for offset in range(3):
        encoded = base64.urlsafe_b64encode(bytes(offset) + spelling)
        yield encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4]


async def search_tables(connection: asyncpg.Connection, planted: Planted) -> list[str]:
    """Every column of every row of every table, and the texts of statements that the server remembers."""
    found: list[str] = []
    for (name,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for (row,) in await connection.fetch(f'SELECT t::text FROM "{name}" AS t'):  # noqa: S608 - from the catalogue
            found += planted.found_in(name, row.encode())
    statements = await connection.fetch("SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    return found + [place for (query,) in statements for place in planted.found_in("statement", query.encode())]


async def search_files(connection: asyncpg.Connection, planted: Planted) -> list[str]:
    """The server's files: data, indexes, statistics, WAL and its own log, all of it written down first.

    What PostgreSQL compresses (values beyond 2 kB) is not looked into; whatever is planted is shorter.
    """
    for statement in ("VACUUM ANALYZE", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
        await connection.execute(statement)
    data = Path(await connection.fetchval("SHOW data_directory"))
    house = data.parents[1] if (data.parents[1] / "lock").exists() else data
    return list(search(planted, house.rglob("*")))


def search(planted: Planted, paths: Iterable[Path]) -> Iterator[str]:
    """The content and the names of files."""
    for path in paths:
        yield from planted.found_in("name of a file", path.name.encode())
        if path.is_file():
            yield from planted.found_in(str(path), path.read_bytes())
