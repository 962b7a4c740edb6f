"""Speaks to the service over HTTP: patient with one that is busy, plain about one that is gone or says no."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import httpx
import msgspec

from service.cli.demo.answers import Problem
from service.cli.demo.tally import Tally
from service.cli.ending import NO, UNREACHABLE, Stop

T = TypeVar("T")

ATTEMPTS = 8
LONGEST_WAIT_SECONDS = 5.0
WAIT_SECONDS = 0.5
BUSY = frozenset({429, 503})
UNKNOWN_CALLER = frozenset({401, 403})

SUPPRESSED = "/suppressed"
"""How the type of the problem ends that is no fault: an erased person's old decisions are refused."""


class Caller:
    """A server's calls. `token` acts as an officer instead; `now` is when the call is said to happen."""

    def __init__(self, clients: Iterable[httpx.AsyncClient], tally: Tally) -> None:
        """Each client is used for one call at a time."""
        self._idle: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in clients:
            self._idle.put_nowait(client)
        self._tally = tally

    async def post(
        self,
        path: str,
        body: object,
        answer: type[T],
        *,
        now: datetime | None = None,
        token: str | None = None,
        key: str | None = None,
    ) -> T:
        """The answer to a POST; `key` makes a repeated call the same call. Ends the command for one that is refused."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        response = await self._answered("POST", path, msgspec.json.encode(body), now, token, headers)
        return _read(response, answer)

    async def get(self, path: str, answer: type[T], *, token: str | None = None) -> T:
        """The answer to a GET. Ends the command for one that is refused."""
        return _read(await self._answered("GET", path, None, None, token, {}), answer)

    async def fetch(self, path: str, *, token: str) -> bytes:
        """The bytes behind an address. Ends the command for one that is refused."""
        return (await self._answered("GET", path, None, None, token, {})).content

    async def _answered(
        self,
        method: str,
        path: str,
        content: bytes | None,
        now: datetime | None,
        token: str | None,
        headers: dict[str, str],
    ) -> httpx.Response:
        if now:
            headers["Placet-Now"] = now.isoformat()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        client = await self._idle.get()
        try:
            response = await self._patiently(
                client, client.build_request(method, path, content=content, headers=headers)
            )
        finally:
            self._idle.put_nowait(client)
        return _accepted(method, path, response)

    async def _patiently(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """The response to a request that is sent again while the service is busy; gives up where nobody listens."""
        for attempt in range(ATTEMPTS):
            self._tally.requests += 1
            self._tally.repeated += attempt > 0
            try:
                response = await client.send(request)
            except httpx.ConnectError:
                break
            except httpx.TransportError:
                await asyncio.sleep(WAIT_SECONDS)
                continue
            if response.status_code not in BUSY:
                return response
            await asyncio.sleep(_wait(response))
        raise Stop(f"The service at {client.base_url} does not answer; start it with `make run`.", UNREACHABLE)


class Suppressed(Exception):
    """Whoever this is about has been erased, and what was said before that counts no longer."""


def _wait(response: httpx.Response) -> float:
    """How long a busy service asks us to wait, in seconds."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked) if asked.isdecimal() else WAIT_SECONDS, LONGEST_WAIT_SECONDS)


def _accepted(method: str, path: str, response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    if response.status_code in UNKNOWN_CALLER:
        raise Stop(
            "The service does not accept dev-credentials.json; start it and the demo with the same PLACET_DATA_DIR.", NO
        )
    problem = _problem(response)
    if problem.type.endswith(SUPPRESSED):
        raise Suppressed
    raise Stop(f"{method} {path} was answered with {response.status_code}: {problem.title}. {problem.detail}", NO)


def _problem(response: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.MsgspecError:
        return Problem(title="no problem document of this service")


def _read(response: httpx.Response, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.MsgspecError:
        path = response.request.url.path
        raise Stop(
            f"{path} answers in another form than this demo knows; use the demo of the same version.", NO
        ) from None
