"""Goes through the lines of a file, each as a request of its own: checks it, or records it."""

import asyncio
from collections.abc import Iterable
from typing import cast

from service.cli.consents.tally import Tally
from service.cli.lines import Line
from service.consent.commands import ConsentDesk
from service.consent.model import Method, NoticeSuperseded, Record, RecordRefused
from service.consent.recording import Utterance
from service.kernel.auth import Principal
from service.kernel.body import reader
from service.kernel.clock import Moment, system_now
from service.kernel.problem import Fault, Problem, Unavailable

AT_ONCE = 512
"""Lines that are on their way: two batches, one that is written while the other gathers."""
OPERATOR = Principal(kind="server", principal_id="consents import", scopes=frozenset({"consent:write"}))
IMPORT_ONLY = Fault("$.method", "must be import; how it was collected belongs in the evidence")
SUPERSEDED = Fault("$.notice", "is an old version, on which only a line whose method is import may rest")
UNDATED = Fault("$.collected_at", "is required: without it nobody knows how long the decision holds")


async def go_through(lines: Iterable[Line], desk: ConsentDesk, tally: Tally, *, write: bool) -> None:
    """Check every line, or record it; whatever is wrong with one is counted. Raises `Unavailable`."""
    waiting = iter(lines)

    async def worker() -> None:
        for line in waiting:
            await _one(line, desk, tally, write=write)

    gone = False
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(worker())
    except* Unavailable:
        gone = True
    if gone:
        raise Unavailable("The database cannot be reached; what it has is on record.")


async def _one(line: Line, desk: ConsentDesk, tally: Tally, *, write: bool) -> None:
    tally.lines += 1
    try:
        utterance = _utterance(line, desk)
        if write:
            recorded = await desk.commit(utterance)
            tally.recorded += recorded.receipt is not None
            tally.already += recorded.receipt is None
            return
    except Unavailable:
        raise
    except Problem as problem:
        tally.refuse(line.number, problem.faults or [Fault("$", problem.detail)])
    await asyncio.sleep(0)  # an interrupt is heard between two lines


def _utterance(line: Line, desk: ConsentDesk) -> Utterance:
    """What a line says, if all of it can be recorded; raises the problem that the same body would meet over HTTP."""
    if isinstance(line.body, Fault):
        raise RecordRefused(faults=[line.body])
    record = cast("Record", reader(Record).read(line.body))
    try:
        utterance = desk.examine(record, OPERATOR, None, None, Moment(now=system_now()))
    except NoticeSuperseded:
        raise RecordRefused(faults=[SUPERSEDED]) from None
    if faults := _faults(record):
        raise RecordRefused(faults=faults)
    return utterance


def _faults(record: Record) -> list[Fault]:
    """What an import asks for beyond a request."""
    method = [] if record.method is Method.IMPORT else [IMPORT_ONLY]
    return method if record.collected_at else [*method, UNDATED]
