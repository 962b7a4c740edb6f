"""One POST to an address that was looked at first (SSRF): it is resolved here, checked, and connected to as checked.

Nothing else is asked of the answer than its status: no redirect is followed, no proxy of the environment is used.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from socket import IPPROTO_TCP, gaierror
from time import perf_counter
from urllib.parse import SplitResult, urlsplit

import h11
from msgspec import Struct

from service import __version__
from service.recipients import rules

DEADLINE = timedelta(seconds=10)
"""How long a recipient has for everything together."""
MOST_BYTES = 64 * 1024
"""As much of an answer is read, and dropped; the rest is not read."""
MOST_HEADER_BYTES = 16 * 1024
CHUNK = 16 * 1024
PORTS = {"https": 443, "http": 80}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host."""


class Undelivered(Exception):
    """A message was not taken; `why` is a word of a closed list, or the status of the answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Taken(Struct, frozen=True):
    """An answer: from which address, with which status, after how many seconds."""

    address: str
    status: int
    seconds: float


class Wire:
    """Sends to endpoints; `context` says whose certificates are believed, by default those of the machine."""

    def __init__(
        self,
        *,
        development: bool,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._development = development
        self._deadline = deadline
        self._context = context or ssl.create_default_context()
        self._resolve = resolve or addresses_of

    async def post(self, endpoint: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Taken:
        """Send once; returns the answer whatever its status. Raises `Undelivered` where there is none."""
        began, parts = perf_counter(), urlsplit(endpoint)
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                addresses = await self._checked(parts, private=private)
                return await self._exchange(parts, addresses, headers, body, began)
        except TimeoutError:
            raise Undelivered("timeout") from None
        except ssl.SSLError:
            raise Undelivered("certificate") from None
        except OSError:
            raise Undelivered("unreachable") from None
        except h11.ProtocolError:
            raise Undelivered("malformed") from None

    async def _checked(self, parts: SplitResult, *, private: bool) -> Sequence[str]:
        """The addresses to connect to; if any of a name is refused, all are."""
        if parts.scheme != "https" and not (private and self._development):
            raise Undelivered("not_https")
        try:
            addresses = await self._resolve(parts.hostname or "", _port(parts))
        except (gaierror, UnicodeError):
            raise Undelivered("unknown_host") from None
        if not addresses or not all(rules.may_reach(address, private=private) for address in addresses):
            raise Undelivered("address_refused")
        return addresses

    async def _exchange(
        self, parts: SplitResult, addresses: Sequence[str], headers: Mapping[str, str], body: bytes, began: float
    ) -> Taken:
        """Ask the first address that can be connected to; of its answer no more than the status is kept."""
        address, reader, writer = await self._connected(parts, addresses)
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
        try:
            writer.write(_request(connection, parts, headers, body))
            await writer.drain()
            status = await _status(connection, reader)
        finally:
            writer.transport.abort()
        return Taken(address, status, perf_counter() - began)

    async def _connected(
        self, parts: SplitResult, addresses: Sequence[str]
    ) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to one of the addresses, each tried in turn; the certificate must be that of the name."""
        secure = parts.scheme == "https"
        context, name = (self._context, parts.hostname) if secure else (None, None)
        for address in addresses:
            try:
                opened = await asyncio.open_connection(
                    address, _port(parts), limit=CHUNK, ssl=context, server_hostname=name
                )
            except ssl.SSLError:
                raise
            except OSError:
                continue
            return address, *opened
        raise Undelivered("unreachable")


async def addresses_of(host: str, port: int) -> list[str]:
    """The addresses of a host, each once, as the machine resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _request(connection: h11.Connection, parts: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    request = h11.Request(
        method="POST",
        target=parts.path or "/",
        headers=[
            ("Host", parts.netloc),
            ("User-Agent", f"Placet/{__version__}"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            *headers.items(),
        ],
    )
    events = (request, h11.Data(data=body), h11.EndOfMessage())
    return b"".join(connection.send(event) or b"" for event in events)


async def _status(connection: h11.Connection, reader: asyncio.StreamReader) -> int:
    """The status of an answer, which is read to its end or to 64 KiB of it."""
    status = read = 0
    while read < MOST_BYTES:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            read += len(event.data)
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            break
    return status
