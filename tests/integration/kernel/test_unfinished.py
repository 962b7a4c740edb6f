"""Who sends half a body and waits is answered all the same, so that no task is held for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from service.app import create_router
from service.cli.serve import QUIET
from service.kernel.envelope import Envelope
from tests.running import Running, _free_port

SECONDS = 0.3


@asynccontextmanager
async def impatient(service: Running) -> AsyncIterator[int]:
    """The service behind an envelope that waits for a body but a moment; the port where it listens."""
    port = _free_port()
    app = Envelope(create_router(service.desks), most_bytes=1024, body_seconds=SECONDS)
    server = Server(app, port=port, interface=Interfaces.ASGINL, websockets=False, log_dictconfig=QUIET)
    serving = asyncio.create_task(server.serve())
    try:
        yield port
    finally:
        server.stop()
        await serving


async def _answered(service: Running, port: int, *, drops: bool) -> tuple[bytes, bytes]:
    """The answer to a request whose body begins and does not end: nothing more comes, or drop after drop."""
    async with asyncio.timeout(10):
        reader, writer = await _connected(port)
        head = f"POST /v1/consents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.secret_key}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{".encode())
        answer = asyncio.create_task(reader.readuntil(b"}"))
        try:
            while drops and not answer.done():
                writer.write(b" ")
                await asyncio.sleep(SECONDS / 10)
            head, _, body = (await answer).partition(b"\r\n\r\n")
        finally:
            writer.close()
    return head.lower(), body


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("drops", [False, True])
async def test_half_a_body_is_answered_in_time(untouched: Running, drops: bool) -> None:
    """A whole body has so long, not each of its parts: then it is a 408 that closes the connection."""
    async with impatient(untouched) as port:
        head, body = await _answered(untouched, port, drops=drops)
    assert head.startswith(b"http/1.1 408 ")
    assert b"connection: close" in head
    problem = json.loads(body)
    assert (problem["status"], problem["type"].rpartition("/")[2]) == (408, "request-timeout")
