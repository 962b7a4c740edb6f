"""Natural batching: what is gathered, what fails alone, who is sent away."""

import asyncio
from collections.abc import Sequence

import pytest

from service.kernel.batching import Batches
from service.kernel.problem import Unavailable


class Work:
    """Work that notes its batches and waits to be let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.free = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> list[int | BaseException]:
        """Ten times each item; an item of 0 fails, and one of -1 spoils its batch."""
        self.batches.append(list(items))
        self.begun.set()
        await self.free.wait()
        if -1 in items:
            raise ValueError
        return [KeyError(item) if item == 0 else item * 10 for item in items]


async def _asked(work: Work, batches: Batches[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Ask for each item, the first one being under way while the others wait."""
    tasks: list[asyncio.Task[int]] = []
    for item in items:
        tasks.append(asyncio.create_task(batches.answer(item)))
        await work.begun.wait()
    await asyncio.sleep(0)
    return tasks


async def test_what_arrives_while_a_batch_is_under_way_becomes_the_next_one() -> None:
    """One query serves all that waited, and none that began before they asked."""
    work = Work()
    batches = Batches(work, largest=3)
    tasks = await _asked(work, batches, 1, 2, 3, 4, 5)
    work.free.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40, 50]
    assert work.batches == [[1], [2, 3, 4], [5]]


async def test_an_item_that_fails_in_its_answer_fails_alone() -> None:
    """An exception among the answers is for its own item."""
    work = Work()
    work.free.set()
    batches = Batches(work)
    found = await asyncio.gather(*(batches.answer(item) for item in (1, 0, 2)), return_exceptions=True)
    assert (found[0], type(found[1]), found[2]) == (10, KeyError, 20)


async def test_a_poisoned_item_fails_alone() -> None:
    """A batch that cannot be worked on as a whole is worked on one by one."""
    work = Work()
    work.free.set()
    batches = Batches(work)
    found = await asyncio.gather(*(batches.answer(item) for item in (1, -1, 2)), return_exceptions=True)
    assert (found[0], type(found[1]), found[2]) == (10, ValueError, 20)
    assert work.batches == [[1, -1, 2], [1], [-1], [2]]


async def test_a_database_that_is_gone_is_asked_once() -> None:
    """What is unavailable for a batch is unavailable for each of its items."""
    asked: list[int] = []

    async def gone(items: Sequence[int]) -> list[int | BaseException]:
        asked.append(len(items))
        raise Unavailable

    batches = Batches(gone)
    found = await asyncio.gather(*(batches.answer(item) for item in range(5)), return_exceptions=True)
    assert {type(one) for one in found} == {Unavailable}
    assert asked == [5]


async def test_a_caller_that_goes_away_disturbs_nobody() -> None:
    """The others of its batch are answered all the same."""
    work = Work()
    batches = Batches(work)
    tasks = await _asked(work, batches, 1, 2, 3)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.sleep(0)
    work.free.set()
    assert await tasks[2] == 30
    assert work.batches == [[1], [3]]


async def test_a_full_queue_sends_away_at_once() -> None:
    """Beyond its bound the queue answers 503 instead of growing."""
    work = Work()
    batches = Batches(work, largest=1, longest=2)
    tasks = await _asked(work, batches, 1, 2, 3)
    with pytest.raises(Unavailable) as refused:
        await batches.answer(4)
    assert refused.value.headers["Retry-After"] == "1"
    work.free.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30]


async def test_who_was_in_line_before_goes_first() -> None:
    """Those who ask again go before all others, in their own order, and are not sent away from a full queue."""
    work = Work()
    batches = Batches(work, largest=3, longest=2)
    tasks = await _asked(work, batches, 1, 2, 3)
    again = [asyncio.create_task(batches.answer(item, first=True)) for item in (4, 5)]
    await asyncio.sleep(0)
    work.free.set()
    assert await asyncio.gather(*tasks, *again) == [10, 20, 30, 40, 50]
    assert work.batches == [[1], [4, 5, 2], [3]]


async def test_closing_answers_what_waits_and_takes_nothing_new() -> None:
    """A clean end loses nothing."""
    work = Work()
    batches = Batches(work)
    tasks = await _asked(work, batches, 1, 2)
    closing = asyncio.create_task(batches.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await batches.answer(3)
    work.free.set()
    await closing
    assert [task.result() for task in tasks] == [10, 20]


async def test_a_batch_that_stalls_keeps_nobody_else_waiting() -> None:
    """Whoever comes while a batch waits for a lock is worked on beside it, where there is another lane."""
    held = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int | BaseException]:
        if 0 in items:
            await held.wait()
        return list(items)

    batches = Batches(work, lanes=2)
    stuck = asyncio.create_task(batches.answer(0))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.gather(*(batches.answer(item) for item in (1, 2))), 5) == [1, 2]
    assert not stuck.done()
    assert await asyncio.wait_for(batches.answer(3), 5) == 3
    held.set()
    assert await stuck == 0
    await batches.close()


async def test_whoever_comes_as_a_lane_ends_is_answered_too() -> None:
    """Between the end of a batch and the end of its task nobody is forgotten."""

    async def work(items: Sequence[int]) -> list[int | BaseException]:
        return list(items)

    batches = Batches(work)

    async def ask_again(item: int) -> int:
        await batches.answer(item)
        return await batches.answer(item)

    assert await asyncio.wait_for(asyncio.gather(*(ask_again(item) for item in range(3))), 5) == [0, 1, 2]
