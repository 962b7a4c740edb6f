"""HTTP with little of it: one connection, kept open, on which one request follows the other.

A client that does more takes the processors away from the service that is to be measured.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import msgspec

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Wire:
    """A connection to a service on this machine; not for two at the same time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self._reader = reader
        self._writer = writer
        self._always = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"

    async def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """The status and the content of the answer; raises `OSError` or `EOFError` when the connection ends."""
        content = msgspec.json.encode(body)
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"POST {path} HTTP/1.1\r\n{self._always}{more}Content-Length: {len(content)}\r\n\r\n"
        self._writer.write(head.encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(answer)
        return int(answer[9:12]), await self._reader.readexactly(int(length[1]) if length else 0)


@asynccontextmanager
async def wire(port: int, key: str) -> AsyncGenerator[Wire]:
    """A connection to the port of a service, for requests with this key."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer, key)
    finally:
        writer.close()
