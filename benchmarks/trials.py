"""What is measured, against which budget, and the run that measures it."""

import asyncio
from collections.abc import Callable

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from benchmarks.drive import Case, Measured, Target, drive
from benchmarks.load import KIND, NAME, SITE
from benchmarks.report import Line
from benchmarks.shop import OFFERS, PLACEMENTS
from benchmarks.staleness import PEOPLE_AT_ONCE, Staleness
from service.policy.model import Bundle

WARM_UP_SECONDS = 2
CHECKS_AT_ONCE = 100
SUBJECT = {"kind": KIND, "value": NAME}
LONGEST_TAIL = 4
LARGEST_GROWTH = 1.2


class Trial(Struct, frozen=True):
    """A case against its floor (none for the batch, which is held against single checks), and its budget as a ratio.

    Each request must leave at least `rows` rows in `table`, or the answers were not durable.
    """

    case: Case
    budget: float
    checks: int = 1
    table: str | None = None
    rows: int = 0


class Trials(Struct, frozen=True):
    """The cases of a run."""

    check: Trial
    batch: Trial
    record: Trial
    decision: Trial
    steady: Trial
    """The check again, on as many connections as a write."""


def trials(bundle: Bundle) -> Trials:
    """What is measured, with the budgets of DESIGN.md section 9."""
    site = bundle.sites[SITE]
    notice = bundle.current_notice(site.notice, site.languages[0])
    question = {"subject": SUBJECT, "purposes": ["personalization"]}
    record = {
        "subject": SUBJECT,
        "site": SITE,
        "decisions": {"personalization": "given", "analytics": "refused"},
        "notice": {"id": notice.id, "version": notice.version, "language": notice.language},
        "method": "form",
    }
    decision = {"subject": SUBJECT, "site": SITE, "placements": PLACEMENTS}
    batch = {"checks": [question] * CHECKS_AT_ONCE}
    return Trials(
        check=Trial(Case("check", "/v1/consents/check", _body(question), "any", 64), 0.6),
        batch=Trial(
            Case(f"batch check of {CHECKS_AT_ONCE}", "/v1/consents/check/batch", _body(batch), "any", 16),
            10,
            checks=CHECKS_AT_ONCE,
        ),
        record=Trial(Case("record", "/v1/consents", _body(record), "fresh", 32), 0.2, table="ledger_entries", rows=2),
        decision=Trial(
            Case(
                f"decision, {OFFERS} offers on {len(PLACEMENTS)} placements",
                "/v1/decisions",
                _body(decision),
                "touched",
                32,
            ),
            0.2,
            table="decisions",
            rows=1,
        ),
        steady=Trial(Case("check", "/v1/consents/check", _body(question), "any", 32), 1),
    )


def _body(content: object) -> str:
    return msgspec.json.encode(content).decode()


class Run:
    """One run: both servers, the people loaded so far, the trials in turn, and what went wrong."""

    def __init__(
        self,
        service: Target,
        floor: Target,
        *,
        database_url: str,
        subjects: int,
        seconds: int,
        tell: Callable[[str], None],
    ) -> None:
        self._service = service
        self._floor = floor
        self._database_url = database_url
        self._seconds = seconds
        self._tell = tell
        self._turn = 0
        self._answered = 0
        self.subjects = subjects
        self.problems: list[str] = []

    def against_floor(self, trial: Trial) -> Line:
        """A case between two measurements of its floor, since the machine drifts."""
        before = self._drive(trial.case, self._floor)
        measured = self._on_service(trial)
        after = self._drive(trial.case, self._floor)
        floor = (before.rate + after.rate) / 2
        return _line(trial, measured, measured.rate / floor, floor=floor)

    def against_single(self, trial: Trial, single: Line) -> Line:
        """A batch against single requests: checks per second of both."""
        measured = self._on_service(trial)
        return _line(trial, measured, measured.rate * trial.checks / single.rate)

    def alone(self, trial: Trial) -> Line:
        """A case by itself, to be held against another measurement of it."""
        return _line(trial, self._on_service(trial), 1)

    def _on_service(self, trial: Trial) -> Measured:
        before, self._answered = self._rows(trial), 0
        measured = self._drive(trial.case, self._service)
        if self._rows(trial) - before < trial.rows * self._answered:
            self.problems.append(f"{trial.case.name}: answers that left nothing in {trial.table}")
        return measured

    def _rows(self, trial: Trial) -> int:
        return asyncio.run(_count(self._database_url, trial.table)) if trial.table else 0

    def _drive(self, case: Case, target: Target) -> Measured:
        """Warm up, then measure."""
        name = case.name if target is self._service else f"floor of {case.name}"
        self._tell(f"{name}, {case.connections} connections")
        self._once(name, case, target, WARM_UP_SECONDS)
        return self._once(name, case, target, self._seconds)

    def _once(self, name: str, case: Case, target: Target, seconds: int) -> Measured:
        self._turn += 1
        measured = drive(case, target, seconds=seconds, subjects=self.subjects, turn=self._turn)
        self._answered += measured.requests
        if measured.errors:
            self.problems.append(f"{name}: {measured.refused} refused, {measured.broken} never answered")
        return measured


def tail(line: Line) -> Line:
    """How much longer than half of the answers the slowest of a hundred takes."""
    ratio = line.p99_ms / line.p50_ms
    return replace(line, case=f"tail of {line.case}", floor=None, ratio=ratio, budget=LONGEST_TAIL, at_most=True)


def growth(small: Line, line: Line, subjects: int) -> Line:
    """How much slower a case is that was measured before with fewer people loaded, and now with so many."""
    case, ratio = f"{line.case} with {subjects:,} subjects", line.p50_ms / small.p50_ms
    return replace(line, case=case, ratio=ratio, budget=LARGEST_GROWTH, at_most=True)


def unseen(found: Staleness) -> Line:
    """How many withdrawals another process did not know of at once."""
    return Line(
        case=f"{found.pairs:,} withdrawals, checked by another process",
        connections=2 * PEOPLE_AT_ONCE,
        rate=found.requests / found.seconds,
        p50_ms=found.p50_ms,
        p99_ms=found.p99_ms,
        errors=0,
        floor=None,
        ratio=found.stale,
        budget=0,
        at_most=True,
    )


def _line(trial: Trial, measured: Measured, ratio: float, *, floor: float | None = None) -> Line:
    return Line(
        case=trial.case.name,
        connections=trial.case.connections,
        rate=measured.rate,
        p50_ms=measured.p50_ms,
        p99_ms=measured.p99_ms,
        errors=measured.errors,
        floor=floor,
        ratio=ratio,
        budget=trial.budget,
    )


async def _count(database_url: str, table: str) -> int:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of this file
    finally:
        await connection.close()
