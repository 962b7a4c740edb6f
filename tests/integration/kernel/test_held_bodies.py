"""Bodies that arrive together take no more memory than there is for them."""

import asyncio
from typing import Any, cast

from service.kernel.envelope import MOST_HELD, Envelope
from service.kernel.problem import Unavailable

SIZE = 1024 * 1024


async def test_more_bodies_than_can_be_held_are_turned_away() -> None:
    """Whoever sends almost a whole body and waits, many times over, is told to come back; the room is free again."""
    more = asyncio.Event()
    statuses: list[int] = []

    async def inside(_: Any, receive: Any, send: Any) -> None:
        status = 200
        try:
            while (await receive())["more_body"]:
                pass
        except Unavailable as problem:
            status = problem.status
        await send({"type": "http.response.start", "status": status, "headers": []})

    envelope = Envelope(cast("Any", inside), most_bytes=SIZE)

    async def call() -> None:
        parts = iter([b"x" * (SIZE - 1), b"x"])

        async def receive() -> Any:
            part = next(parts)
            if len(part) == 1:
                await more.wait()
            return {"type": "http.request", "body": part, "more_body": len(part) > 1}

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await envelope(cast("Any", _scope()), receive, send)

    calls = [asyncio.create_task(call()) for _ in range(MOST_HELD // SIZE + 8)]
    while len(statuses) < 7:  # noqa: ASYNC110 - of those that are turned away
        await asyncio.sleep(0.01)
    more.set()
    await asyncio.gather(*calls)
    assert set(statuses[:7]) == {503}
    assert statuses.count(200) >= MOST_HELD // SIZE
    assert envelope.bytes_held == 0


def _scope() -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": "/", "headers": [], "state": {}}
