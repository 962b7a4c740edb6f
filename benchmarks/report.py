"""What was measured, as a table for people, as JSON for programs, and as the page that is committed."""

import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

import asyncpg
from msgspec import Struct
from rich.table import Table

from benchmarks.processes import ROOT

PAGE = ROOT / "benchmarks" / "RESULTS.md"
WRITES = 100
PAGE_BYTES = 8192
RATIO = (
    "ratio: of the service to its floor; of a batch: of its checks per second to those of single requests; of a tail: "
    "p99 to p50; with more subjects: p50 to the one with 10,000; of withdrawals: how many were not seen at once"
)
HEADINGS = ("case", "connections", "requests/s", "p50 ms", "p99 ms", "floor requests/s", "ratio", "budget", "met")


class Machine(Struct, frozen=True):
    """Where it was measured. `to_disk_ms` is how long a small write takes until it is on the disk of the database."""

    processor: str
    cores: int
    memory_gib: int
    kernel: str
    python: str
    postgresql: str
    fsync: str
    to_disk_ms: float


class Line(Struct, frozen=True):
    """One case. `rate` and `floor` are requests per second; `ratio` is what `budget` limits, upwards if `at_most`."""

    case: str
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    floor: float | None
    ratio: float
    budget: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the ratio keeps to its budget."""
        return self.ratio <= self.budget if self.at_most else self.ratio >= self.budget


class Report(Struct, frozen=True):
    """One run: memory of the serving process at its end, the processors' share that others took, what went wrong."""

    machine: Machine
    subjects: int
    seconds: int
    lines: list[Line]
    memory_mib: float
    memory_budget_mib: int
    neighbours: float
    problems: list[str]


async def machine(database_url: str, database_folder: Path) -> Machine:
    """The machine that this runs on, and the PostgreSQL that answers there."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(database_url)
    try:
        version = await connection.fetchval("SHOW server_version")
        fsync = await connection.fetchval("SHOW fsync")
    finally:
        await connection.close()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 1024**3),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgresql=version,
        fsync=fsync,
        to_disk_ms=_to_disk_ms(database_folder),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _to_disk_ms(folder: Path) -> float:
    """The median of many small writes, each waited for: what a commit cannot be faster than."""
    took: list[float] = []
    with TemporaryFile(dir=folder) as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            file.write(bytes(PAGE_BYTES))
            file.flush()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def table(report: Report) -> Table:
    """The report for people."""
    shown = Table(title=described(report), caption=RATIO, title_justify="left", caption_justify="left")
    for place, heading in enumerate(HEADINGS):
        shown.add_column(heading, justify="left" if place == 0 else "right")
    for cells in _cells(report):
        shown.add_row(*cells)
    return shown


def described(report: Report) -> str:
    """Where and with how much it was measured, in a sentence."""
    m = report.machine
    return (
        f"{m.processor}, {m.cores} cores, {m.memory_gib} GiB, {m.kernel}; Python {m.python}; PostgreSQL {m.postgresql} "
        f"with fsync {m.fsync}, {m.to_disk_ms:.2f} ms a write; {report.subjects:,} subjects, "
        f"{report.seconds} s a measurement, load generator on the same cores, of which other work took "
        f"{report.neighbours:.0%}"
    )


def page(report: Report, day: date) -> str:
    """The report as the committed page."""
    rows = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *_cells(report)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(
        [
            "# What `make bench` measured",
            "",
            f"{day.isoformat()}. {described(report)}.",
            "",
            *lines,
            "",
            "The floor of a case is a bare handler that reads the same request and gives the same answer, on the same",
            "server, without a database; it is measured before and after the case and averaged. The ratio is that of",
            "the service to its floor; for the batch that of its checks to those of single requests; for a tail",
            "that of p99 to p50; with more subjects that of the p50 to the one with 10,000 in the same run. Absolute",
            "figures drift with the machine and its neighbours, ratios much less.",
            "",
            "Withdrawals: people give consent and withdraw it at one process, and after each answer another process on",
            "the same database is asked; each of the two writes for half of the people. The ratio is the number of",
            "answers that did not know yet; p50 and p99 are from the answer to the withdrawal to the one that knew.",
            "",
            "A budget that is not met yet is work to be done; a stale answer, or one that was no success, makes the",
            "run fail.",
            "",
        ]
    )


def _cells(report: Report) -> Iterator[Sequence[str]]:
    for line in report.lines:
        floor = "" if line.floor is None else f"{line.floor:,.0f}"
        rate, p50, p99 = f"{line.rate:,.0f}", f"{line.p50_ms:.1f}", f"{line.p99_ms:.1f}"
        ratio, budget = f"{line.ratio:.2f}", f"{'<=' if line.at_most else '>='} {line.budget:g}"
        yield line.case, str(line.connections), rate, p50, p99, floor, ratio, budget, _met(line.met)
    memory, budget = f"{report.memory_mib:.0f} MiB", f"<= {report.memory_budget_mib} MiB"
    met = _met(report.memory_mib <= report.memory_budget_mib)
    yield "memory of the serving process", "", "", "", "", "", memory, budget, met


def _met(met: bool) -> str:
    return "yes" if met else "not yet"
