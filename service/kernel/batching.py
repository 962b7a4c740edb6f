"""Natural batching: while one batch is under way the next one gathers. There is no timer, so nothing waits when idle.

For reads this keeps an answer as fresh as a query of one's own: whoever asks while a query runs is never given its
rows, but those of the next one. For writes it is group commit: one transaction, and one wait for the disk, for many.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from service.kernel.problem import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LARGEST = 256
"""Items that are worked on together."""
STALLED_SECONDS = 0.05
"""After this a batch is thought to wait for something, and the next one no longer for it."""
LONGEST = 4096
"""Items that may wait; they are answered in well under a second, or the database is in trouble."""

type_of_work = Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]]


class Batches(Generic[Item, Answer]):
    """A queue of items that are worked on together, at most `largest` at a time and one batch after the other.

    `work` answers for each item in order, with an exception for one that fails alone. When it raises instead, the items
    of its batch are worked on one by one, so that a poisoned one harms nobody else; only `Unavailable` is for them all.
    """

    def __init__(
        self, work: "type_of_work[Item, Answer]", *, largest: int = LARGEST, longest: int = LONGEST, lanes: int = 1
    ) -> None:
        """A queue of at most `longest` waiting items; beyond it a caller is sent away at once.

        A batch that stalls is not waited for where there is another lane: whoever holds the lock that it wants keeps
        only that batch waiting.
        """
        self._work = work
        self._lanes = lanes
        self._largest = largest
        self._longest = longest
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._first: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._working: set[asyncio.Task[None] | None] = set()
        self._stalled: set[asyncio.Task[None] | None] = set()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        """That of the first caller, remembered because asking for it is a call of the system."""

    async def answer(self, item: Item, *, first: bool = False) -> Answer:
        """What the next batch answers for `item`; raises `Unavailable` when too many wait, and what the work raises.

        A caller that goes away takes only its own item's answer with it. Whoever was in line before is `first` now,
        and is never sent away for being one too many.
        """
        if self._closed or (len(self._waiting) >= self._longest and not first):
            raise Unavailable("Too many requests wait for the database; ask again a little later.")
        loop = self._loop = self._loop or asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        (self._first if first else self._waiting).append((item, future))
        if len(self._working) == len(self._stalled):
            self._open_lane()
        return await future

    async def close(self) -> None:
        """Take nothing new, and return when everything that waited has been answered."""
        self._closed = True
        while lanes := [lane for lane in self._working if lane]:
            await asyncio.wait(lanes)

    async def _drain(self) -> None:
        lane = asyncio.current_task()
        try:
            while self._first or self._waiting:
                await self._next(lane)
        finally:  # at once, and not when the loop gets to it: whoever comes in between has to find a lane
            self._working.discard(lane)

    async def _next(self, lane: "asyncio.Task[None] | None") -> None:
        again = [self._first.popleft() for _ in range(min(self._largest, len(self._first)))]
        room = self._largest - len(again)
        batch = again + [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        relief = asyncio.get_running_loop().call_later(STALLED_SECONDS, self._relieve, lane)
        try:
            await self._answer([(item, future) for item, future in batch if not future.done()])
        finally:
            relief.cancel()
            self._stalled.discard(lane)

    def _relieve(self, lane: "asyncio.Task[None] | None") -> None:
        """Count a lane as stalled, and open another one for whoever waits behind it."""
        self._stalled.add(lane)
        if self._first or self._waiting:
            self._open_lane()

    def _open_lane(self) -> None:
        if len(self._working) < self._lanes:
            self._working.add(asyncio.create_task(self._drain()))

    async def _answer(self, batch: "Sequence[tuple[Item, asyncio.Future[Answer]]]") -> None:
        if not batch:
            return
        (answers,) = await asyncio.gather(self._work([item for item, _ in batch]), return_exceptions=True)
        if isinstance(answers, Unavailable) or (isinstance(answers, BaseException) and len(batch) == 1):
            answers = [answers] * len(batch)
        elif isinstance(answers, BaseException):
            for one in batch:
                await self._answer([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
