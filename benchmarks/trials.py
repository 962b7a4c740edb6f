"""What is measured, against which budget, and the run that measures it."""

import asyncio
from collections.abc import Callable

import asyncpg
import msgspec
from msgspec import Struct

from benchmarks.drive import Case, Measured, Target, drive
from benchmarks.load import KIND, NAME, SITE
from benchmarks.report import Line
from service.policy.model import Bundle

WARM_UP_SECONDS = 2
CHECKS_AT_ONCE = 100
SUBJECT = {"kind": KIND, "value": NAME}
PLACEMENTS = ("home_hero", "product_sidebar", "cart_banner")


class Trial(Struct, frozen=True):
    """A case against its floor (none for the batch, which is held against single checks), and its budget as a ratio.

    Each request must leave at least `rows` rows in `table`, or the answers were not durable.
    """

    case: Case
    budget: float
    checks: int = 1
    table: str | None = None
    rows: int = 0


def trials(bundle: Bundle) -> tuple[Trial, Trial, Trial, Trial]:
    """Check, batch check, record, decision, with the budgets of DESIGN.md section 9."""
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
    return (
        Trial(Case("check", "/v1/consents/check", _body(question), "any", 64), 0.6),
        Trial(
            Case(f"batch check of {CHECKS_AT_ONCE}", "/v1/consents/check/batch", _body(batch), "any", 16),
            10,
            checks=CHECKS_AT_ONCE,
        ),
        Trial(Case("record", "/v1/consents", _body(record), "fresh", 32), 0.2, table="ledger_entries", rows=2),
        Trial(Case("decision", "/v1/decisions", _body(decision), "touched", 32), 0.2, table="decisions", rows=1),
    )


def _body(content: object) -> str:
    return msgspec.json.encode(content).decode()


class Run:
    """One run: both servers, the trials in turn, and what went wrong."""

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
        self._subjects = subjects
        self._seconds = seconds
        self._tell = tell
        self._turn = 0
        self._answered = 0
        self.problems: list[str] = []

    def against_floor(self, trial: Trial) -> Line:
        """A case between two measurements of its floor, since the machine drifts."""
        before = self._drive(trial.case, self._floor)
        measured = self._on_service(trial)
        after = self._drive(trial.case, self._floor)
        floor = (before.rate + after.rate) / 2
        return _line(trial, measured, floor, measured.rate / floor)

    def against_single(self, trial: Trial, single: Line) -> Line:
        """A batch against single requests: checks per second of both."""
        measured = self._on_service(trial)
        return _line(trial, measured, None, measured.rate * trial.checks / single.rate)

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
        measured = drive(case, target, seconds=seconds, subjects=self._subjects, turn=self._turn)
        self._answered += measured.requests
        if measured.errors:
            self.problems.append(f"{name}: {measured.refused} refused, {measured.broken} never answered")
        return measured


def _line(trial: Trial, measured: Measured, floor: float | None, ratio: float) -> Line:
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
