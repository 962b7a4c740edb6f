"""From a withdrawal to its effect: what one process has answered, another must know at its very next answer (C9)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from statistics import quantiles
from typing import Any

import msgspec
import uvloop
from msgspec import Struct

from benchmarks.drive import NoSuccess, Target
from benchmarks.load import KIND, SITE
from benchmarks.wire import Wire, wire

PURPOSE = "personalization"
PEOPLE_AT_ONCE = 96
PAIRS_EACH = 10
"""Of one person, after whom there is another: a history that never ends is nobody's."""


class Staleness(Struct, frozen=True):
    """How often a withdrawal was not seen, and how long after its answer it was seen by another process."""

    pairs: int
    stale: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def requests(self) -> int:
        """A grant, a withdrawal, and a check of each."""
        return 4 * self.pairs


def measure(processes: tuple[Target, Target], record: str, pairs: int, tell: Callable[[int], None]) -> Staleness:
    """Let people give and withdraw at one process while the other is asked; raises `NoSuccess`.

    `record` is the body of a grant, and `tell` hears of pairs that are done. Each process writes for half of the people
    and answers for the other half.
    """
    try:
        return uvloop.run(_Interleaving(processes, msgspec.json.decode(record), pairs, tell).run())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several


class _Interleaving:
    def __init__(
        self, processes: tuple[Target, Target], record: dict[str, Any], pairs: int, tell: Callable[[int], None]
    ) -> None:
        self._processes = processes
        self._record = {**record, "decisions": {PURPOSE: "given"}}
        self._tell = tell
        self._left: Iterator[range] = (range(n, min(n + PAIRS_EACH, pairs)) for n in range(0, pairs, PAIRS_EACH))
        self._took_ms: list[float] = []
        self._stale = 0

    async def run(self) -> Staleness:
        """All the pairs."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(PEOPLE_AT_ONCE):
                writer, reader = self._processes[:: 1 if number % 2 else -1]
                group.create_task(self._line(writer, reader))
        cuts = quantiles(self._took_ms, n=100)
        return Staleness(
            pairs=len(self._took_ms),
            stale=self._stale,
            seconds=time.perf_counter() - began,
            p50_ms=cuts[49],
            p99_ms=cuts[98],
        )

    async def _line(self, writer: Target, reader: Target) -> None:
        """One person after the other, of each of whom nothing happens before its effect was seen."""
        async with _wires(writer, reader) as (to_writer, to_reader):
            for numbers in self._left:
                subject = {"kind": KIND, "value": f"withdraws-{numbers.start}"}
                for _ in numbers:
                    await self._pair(to_writer, to_reader, subject)
                self._tell(len(numbers))

    async def _pair(self, writer: Wire, reader: Wire, subject: dict[str, str]) -> None:
        await _answer(writer, "/v1/consents", {**self._record, "subject": subject})
        if await _reason(reader, subject) != "consent_given":
            self._stale += 1
        withdrawal = {"subject": subject, "purposes": [PURPOSE], "site": SITE}
        await _answer(writer, "/v1/consents/withdraw", withdrawal)
        answered = time.perf_counter()
        if await _reason(reader, subject) != "withdrawn":
            self._stale += 1
            while await _reason(reader, subject) != "withdrawn":
                pass
        self._took_ms.append((time.perf_counter() - answered) * 1000)


@asynccontextmanager
async def _wires(*targets: Target) -> AsyncGenerator[Sequence[Wire]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(wire(target.port, target.key)) for target in targets]


async def _reason(reader: Wire, subject: dict[str, str]) -> str:
    question = {"subject": subject, "purposes": [PURPOSE]}
    return msgspec.json.decode(await _answer(reader, "/v1/consents/check", question))["results"][PURPOSE]["reason"]


async def _answer(to_it: Wire, path: str, body: object) -> bytes:
    status, content = await to_it.post(path, body)
    if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        raise NoSuccess(f"{path}: the service answers {status}: {content.decode()}")
    return content
