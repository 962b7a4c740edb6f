"""Opens the connections of a demo and replays its days through them."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from ssl import SSLContext

import httpx

from service.cli.credentials import Credentials
from service.cli.demo.answers import NoticeToShow
from service.cli.demo.caller import Caller
from service.cli.demo.replay import SITE, Replay, Setting
from service.cli.demo.scenario import Day
from service.cli.demo.tally import Tally
from service.cli.ending import Stop

TIMEOUT_SECONDS = 30


async def play(
    days: Sequence[Day], given: Credentials, tally: Tally, *, connections: int, step: Callable[[int], None]
) -> None:
    """Replay the days in their order; `step` hears of each thing that has happened. Raises `Stop`."""
    async with AsyncExitStack() as stack:
        trust = httpx.create_ssl_context()
        # A client for each connection: one client with many looks through all of them before every call
        clients = [await stack.enter_async_context(_client(given, trust)) for _ in range(connections)]
        caller = Caller(clients, tally)
        notice = await caller.get(f"/v1/notices/{SITE}", NoticeToShow)
        officers = [officer.token for officer in given.officers]
        replay = Replay(caller, tally, Setting(notice, officers, connections), step)
        try:
            for day in days:
                await replay.live(day)
        except BaseExceptionGroup as group:
            stops, others = group.split(Stop)
            if stops is None or others is not None:
                raise
            raise _first(stops) from None


def _first(group: BaseExceptionGroup[Stop]) -> Stop:
    """One of the reasons to stop, of which all connections had the same."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _client(given: Credentials, trust: SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=given.base_url,
        headers={"Authorization": f"Bearer {given.secret_key}"},
        limits=httpx.Limits(max_connections=1),
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        verify=trust,
    )
