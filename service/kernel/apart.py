"""A batch that waited too long for a lock is done again one by one: only whoever's lock is held has to come back."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from service.kernel.database import Held

Item = TypeVar("Item")
Answer = TypeVar("Answer")

type_of_write = Callable[[Sequence[Item], bool], Awaitable[Sequence[Answer | BaseException]]]
"""Writes a batch in one transaction, and waits for locks patiently or not."""


def apart(
    write: "type_of_write[Item, Answer]", whose: Callable[[Item], Hashable]
) -> Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]]:
    """`write` as the work of a queue, whose items are about somebody each.

    The second time nobody waits long, since they may be many, and of those about one only the first waits at all.
    """

    async def work(batch: Sequence[Item]) -> Sequence[Answer | BaseException]:
        try:
            return await write(batch, True)
        except Held:
            if len(batch) == 1:
                raise
        return await each(batch)

    async def each(batch: Sequence[Item]) -> Sequence[Answer | BaseException]:
        held: dict[Hashable, Held] = {}
        answers: list[Answer | BaseException] = []
        for item in batch:
            answer = held.get(whose(item)) or await _alone(write, item)
            if isinstance(answer, Held):
                held[whose(item)] = answer
            answers.append(answer)
        return answers

    return work


async def _alone(write: "type_of_write[Item, Answer]", item: Item) -> Answer | BaseException:
    (answers,) = await asyncio.gather(write([item], False), return_exceptions=True)
    return answers if isinstance(answers, BaseException) else answers[0]
