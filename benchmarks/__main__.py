"""`make bench`: the ratios of DESIGN.md section 9, in one run.

Exit status: 0 measured, 1 an answer was no success or left nothing behind, 3 something that is needed is not there.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from benchmarks import report, staleness
from benchmarks.drive import NoSuccess, Target, require_wrk
from benchmarks.load import People, fill
from benchmarks.processes import Neighbours, Unreachable, memory_mib
from benchmarks.report import Line, Report
from benchmarks.services import POLICIES, beside, floor, service
from benchmarks.trials import Run, growth, tail, trials, unseen
from service.cli.credentials import Credentials
from service.kernel.clock import system_now
from service.kernel.embedded import home_of
from service.policy.load import load
from service.settings import Settings
from service.subjects.keyring import load_key_file

FAILED, UNREACHABLE = 1, 3
MEMORY_BUDGET_MIB = 150
FEW = 10_000
"""People to have at first, against whom growth is held."""

progress = Console(stderr=True)


@contextmanager
def _bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """A bar that is told of what is done."""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress) as bar:
        task = bar.add_task(what, total=total)
        yield lambda n: bar.advance(task, n)


class Sizes(Struct, frozen=True):
    """How much a run measures. `grown` and `pairs` may be 0, which leaves that part out."""

    subjects: int
    grown: int
    pairs: int
    seconds: int


class _Bench:
    """Everything that a run needs, started."""

    def __init__(self, folder: Path, service: Target, given: Credentials, sizes: Sizes) -> None:
        bundle = load(folder / POLICIES)
        self._folder = folder
        self._service = service
        self._given = given
        self._sizes = sizes
        self._trials = trials(bundle)
        self._people = People(
            load_key_file(Settings(data_dir=folder, root_key_file=folder / "root.key")), bundle, system_now()
        )

    def lines(self) -> tuple[list[Line], list[str]]:
        """What was measured, and what went wrong; raises `Unreachable`, `NoSuccess`."""
        few, wanted = min(FEW, self._sizes.subjects), self._trials
        self._load(range(few))
        cases = (("check", wanted.check.case), ("record", wanted.record.case), ("decide", wanted.decision.case))
        with floor(self._folder, self._service, cases) as bare:
            run = Run(
                self._service,
                bare,
                database_url=self._given.database_url,
                subjects=few,
                seconds=self._sizes.seconds,
                tell=lambda what: progress.print(f"  {what}"),
            )
            small = run.alone(wanted.steady) if self._sizes.grown > self._sizes.subjects else None
            self._grow(run, self._sizes.subjects)
            single = run.against_floor(wanted.check)
            lines = [single, tail(run.alone(wanted.steady)), run.against_single(wanted.batch, single)]
            record = run.against_floor(wanted.record)
            lines += [record, tail(record), run.against_floor(wanted.decision)]
            if small:
                self._grow(run, self._sizes.grown)
                lines.append(growth(small, run.alone(wanted.steady), self._sizes.grown))
        if self._sizes.pairs:
            lines.append(self._withdrawals(run))
        return lines, run.problems

    def _load(self, numbers: range) -> None:
        with _bar("loading subjects", len(numbers)) as tell:
            asyncio.run(fill(self._given, self._people, numbers, tell))

    def _grow(self, run: Run, subjects: int) -> None:
        if subjects > run.subjects:
            self._load(range(run.subjects, subjects))
            run.subjects = subjects

    def _withdrawals(self, run: Run) -> Line:
        pairs = self._sizes.pairs
        with beside(self._folder, self._given) as other, _bar("withdrawals", pairs) as tell:
            found = staleness.measure((self._service, other), self._trials.record.case.body, pairs, tell)
        if found.stale:
            run.problems.append(f"{found.stale} stale answers after {pairs:,} grants and as many withdrawals")
        return unseen(found)


def measure(sizes: Sizes) -> Report:
    """Start everything, load, measure, end everything; raises `Unreachable`, `NoSuccess`."""
    require_wrk()
    neighbours = Neighbours()
    with TemporaryDirectory(prefix="placet-benchmark-") as name, service(Path(name)) as (process_id, target, given):
        lines, problems = _Bench(Path(name), target, given, sizes).lines()
        machine = asyncio.run(report.machine(given.database_url, home_of(Path(name))))
        memory = memory_mib(process_id)
    return Report(
        machine=machine,
        subjects=sizes.subjects,
        seconds=sizes.seconds,
        lines=lines,
        memory_mib=memory,
        memory_budget_mib=MEMORY_BUDGET_MIB,
        neighbours=neighbours.share(),
        problems=problems,
    )


def _stop(number: int, _: object) -> None:
    """End as Ctrl-C does, with everything that was started."""
    sys.exit(128 + number)


@click.command()
@click.option("--subjects", type=click.IntRange(min=1000), default=100_000, show_default=True, help="People to load.")
@click.option(
    "--grown",
    type=click.IntRange(min=0),
    default=1_000_000,
    show_default=True,
    help="People to have in the end, when checks are measured again; 0 leaves that out.",
)
@click.option(
    "--pairs",
    type=click.IntRange(min=0),
    default=100_000,
    show_default=True,
    help="Withdrawals to check at another process; 0 leaves that out.",
)
@click.option("--seconds", type=click.IntRange(1, 600), default=8, show_default=True, help="Length of a measurement.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--write", is_flag=True, help="Keep the table in benchmarks/RESULTS.md.")
def main(*, as_json: bool, write: bool, **sizes: int) -> None:
    """Measure check, record and decision against the floor of the same run, their tails, growth and staleness."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        measured = measure(Sizes(**sizes))
    except (Unreachable, NoSuccess) as error:
        click.echo(error, err=True)
        sys.exit(UNREACHABLE if isinstance(error, Unreachable) else FAILED)
    if as_json:
        click.echo(msgspec.json.encode(measured))
    else:
        Console(width=None if sys.stdout.isatty() else 140).print(report.table(measured))
    for problem in measured.problems:
        click.echo(problem, err=True)
    if measured.problems:
        sys.exit(FAILED)
    if write:
        report.PAGE.write_text(report.page(measured, system_now().date()))


if __name__ == "__main__":
    main()
