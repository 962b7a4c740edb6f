"""A recipient as tests play it: a small HTTP server that keeps what it was sent, and what it says to the service."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from msgspec import Struct

from service.kernel.webhooks import Checking, Signing, signed, verified
from service.recipients.delivery import Delivery
from service.recipients.signatures import Signatures
from service.recipients.wire import Wire
from tests.running import Running

OK = b"HTTP/1.1 204 No Content\r\n\r\n"

Answering = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


class Received(Struct, frozen=True):
    """One request that a recipient got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        """What it says."""
        return json.loads(self.body)

    @property
    def data(self) -> dict[str, Any]:
        """What it says of whom."""
        return self.content["data"]

    def verified(self, *keys: Checking) -> str:
        """Its id, once its signature was checked with these keys."""
        return verified(self.headers, self.body, keys, datetime.now(UTC))


async def hang(_: Received, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the sender gives up."""
    while not writer.is_closing():  # noqa: ASYNC110 - the transport tells nobody else
        await asyncio.sleep(0.01)


class Receiver:
    """A recipient's server. `answer` decides what it says: bytes, or a coroutine that writes them."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: bytes | Answering = OK
        self.port = 0

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/changes"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep one request and answer it."""
        try:
            received = await _read(reader)
            self.received.append(received)
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(received, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(head[0].split(" ")[1], headers, body)


@asynccontextmanager
async def receiving(context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """A recipient that listens on this machine, with TLS if there is a `context`."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def reach(policies_dir: Path, recipient: str, endpoint: str, *more: str) -> None:
    """Give a recipient of a copy of the shop an endpoint on this machine; `more` are other lines of its table."""
    file = policies_dir / "recipients.toml"
    name = f"[recipient.{recipient}]\n"
    lines = "\n".join([f'endpoint = "{endpoint}"', "private = true", *more])
    file.write_text(file.read_text().replace(name, f"{name}{lines}\n"))


def delivery(service: Running, **more: Any) -> Delivery:
    """What delivers for a running service, as its worker does."""
    desks = service.desks
    wire = Wire(development=True, **more)
    return Delivery(
        database=desks.database, policy=desks.policy, keys=desks.keys, signatures=desks.deliveries.signatures, wire=wire
    )


def shared(service: Running, recipient: str) -> Signing:
    """The secret that a recipient shares with a running service."""
    signatures: Signatures = service.desks.deliveries.signatures
    return signatures.signing(service.desks.policy.current.recipients[recipient])[-1]


async def acknowledge(
    service: Running,
    recipient: str,
    received: Received,
    outcome: str = "done",
    *,
    key: Signing | None = None,
    at: datetime | None = None,
    **other: Any,
) -> httpx.Response:
    """Say as a recipient what it did about a message; `other` replaces parts of the body."""
    named = {"request_id": received.data["request_id"]} if "request_id" in received.data else {}
    body = json.dumps({"message_id": received.message_id, "outcome": outcome, **named, **other}).encode()
    headers = signed(uuid4().hex, at or datetime.now(UTC), body, [key or shared(service, recipient)])
    path = f"/v1/recipients/{recipient}/acknowledgements"
    return await service.http.post(path, content=body, headers=headers | {"Content-Type": "application/json"})
