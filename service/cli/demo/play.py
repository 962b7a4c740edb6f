"""Opens the connections of a demo and replays its days through them."""

from collections.abc import Callable, Sequence

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
    days: Sequence[Day], given: Credentials, tally: Tally, *, seed: int, connections: int, step: Callable[[int], None]
) -> None:
    """Replay the days in their order; `step` hears of each thing that has happened. Raises `Stop`."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    key = {"Authorization": f"Bearer {given.secret_key}"}
    async with httpx.AsyncClient(
        base_url=given.base_url, headers=key, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False
    ) as http:
        caller = Caller(http, tally)
        notice = await caller.get(f"/v1/notices/{SITE}", NoticeToShow)
        officers = [officer.token for officer in given.officers]
        replay = Replay(caller, tally, Setting(notice, seed, officers, connections), step)
        try:
            for day in days:
                await replay.live(day)
        except* Stop as stops:
            raise stops.exceptions[0] from None
