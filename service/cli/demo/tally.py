"""What the service answered, counted; shown as a table or as JSON, and held against a count of the input."""

from collections import Counter
from collections.abc import Iterator
from time import perf_counter

from rich.table import Table

from service.cli.demo.answers import Decision, Outcome, Recorded
from service.cli.demo.scenario import Counted


class Tally:
    """The counts of one replay so far."""

    def __init__(self) -> None:
        self.subjects: set[str] = set()
        self.consents: Counter[str] = Counter()
        self.touchpoints: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.served: Counter[str] = Counter()
        self.erased_before = 0
        self.violations: Counter[str] = Counter()
        self.requests = 0
        self.repeated = 0
        self._began = perf_counter()
        self._ended: float | None = None

    def end(self) -> None:
        """Stop the clock."""
        self._ended = perf_counter()

    @property
    def elapsed(self) -> float:
        """How long the replay took, in seconds."""
        return (self._ended or perf_counter()) - self._began

    def recorded(self, recorded: Recorded) -> None:
        """Count what was recorded, by status, and for whom."""
        self.consents.update(record.status for record in recorded.records)
        if recorded.subject_id:
            self.subjects.add(recorded.subject_id)

    def told(self, outcome: Outcome) -> None:
        """Count what became of a touchpoint."""
        self.touchpoints[outcome.outcome] += 1
        if outcome.outcome == "dropped":
            self.dropped[outcome.reason] += 1
        elif outcome.outcome == "counted":
            self.counted[outcome.reason] += 1

    def decided(self, decision: Decision) -> None:
        """Count how a placement was filled."""
        self.decisions[decision.mode, decision.stage or ""] += 1

    def faults(self, expected: Counted) -> list[str]:
        """What does not agree with the input, and promises that were not kept; nothing is what is hoped for."""
        outcomes = self.touchpoints.total()
        faults = [f"{sentence}: {times} times" for sentence, times in sorted(self.violations.items())]
        if outcomes != expected.contacts:
            faults.append(f"the input holds {expected.contacts} contacts, the service answered for {outcomes}")
        known = len(self.subjects) + self.erased_before
        if known != expected.customers:
            faults.append(f"the input holds {expected.customers} customers, the service knows {known}")
        return faults

    def document(self) -> dict[str, object]:
        """The counts for a program."""
        return {
            "subjects": len(self.subjects),
            "consents": dict(sorted(self.consents.items())),
            "touchpoints": {
                "stored": self.touchpoints["stored"],
                "dropped": dict(sorted(self.dropped.items())),
                "counted": dict(sorted(self.counted.items())),
                "duplicate": self.touchpoints["duplicate"],
            },
            "decisions": [
                {"mode": mode, "stage": stage or None, "count": count}
                for (mode, stage), count in sorted(self.decisions.items())
            ],
            "rights": {"access": self.served["access"], "erasure": self.served["erasure"]},
            "requests": self.requests,
            "repeated": self.repeated,
            "elapsed_seconds": round(self.elapsed, 1),
            "requests_per_second": round(self.requests / self.elapsed, 1),
        }

    def table(self) -> Table:
        """The counts for a person."""
        table = Table(title="What became of it")
        table.add_column("what")
        table.add_column("which")
        table.add_column("count", justify="right")
        for what, which, count in self._rows():
            table.add_row(what, which, count)
        return table

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        yield "subjects", "", f"{len(self.subjects):,}"
        for status, count in sorted(self.consents.items()):
            yield "consents", status, f"{count:,}"
        yield "touchpoints", "stored", f"{self.touchpoints['stored']:,}"
        for reason, count in sorted(self.dropped.items()):
            yield "touchpoints", f"dropped: {reason}", f"{count:,}"
        for reason, count in sorted(self.counted.items()):
            yield "touchpoints", f"counted without the person: {reason}", f"{count:,}"
        yield "touchpoints", "duplicate", f"{self.touchpoints['duplicate']:,}"
        for (mode, stage), count in sorted(self.decisions.items()):
            yield "decisions", f"{mode}, {stage}" if stage else mode, f"{count:,}"
        for right, count in sorted(self.served.items()):
            yield "requests of people served", right, f"{count:,}"
        yield "HTTP requests", f"{self.repeated:,} repeated" if self.repeated else "", f"{self.requests:,}"
        yield "elapsed", "seconds", f"{self.elapsed:,.1f}"
        yield "rate", "requests a second", f"{self.requests / self.elapsed:,.0f}"
