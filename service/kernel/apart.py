"""A batch that waited too long for a lock is done again one by one: only whoever's lock is held has to come back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from service.kernel.database import Held

Item = TypeVar("Item")
Answer = TypeVar("Answer")

type_of_write = Callable[[Sequence[Item], bool], Awaitable[Sequence[Answer | BaseException]]]
"""Writes a batch in one transaction, and waits for locks patiently or not."""


def apart(
    write: "type_of_write[Item, Answer]",
) -> Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]]:
    """`write` as the work of a queue. The second time nobody waits long, since they may be many."""

    async def work(batch: Sequence[Item]) -> Sequence[Answer | BaseException]:
        try:
            return await write(batch, True)
        except Held:
            if len(batch) == 1:
                raise
        return [await _alone(write, item) for item in batch]

    return work


async def _alone(write: "type_of_write[Item, Answer]", item: Item) -> Answer | BaseException:
    (answers,) = await asyncio.gather(write([item], False), return_exceptions=True)
    return answers if isinstance(answers, BaseException) else answers[0]
