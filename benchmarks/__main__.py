"""`make bench`: the ratios of DESIGN.md section 9, in one run.

Exit status: 0 measured, 1 an answer was no success or left nothing behind, 3 something that is needed is not there.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from benchmarks import report
from benchmarks.drive import Case, NoSuccess, Target, require_wrk
from benchmarks.load import People, fill
from benchmarks.processes import ROOT, Neighbours, Unreachable, answers, free_port, memory_mib, server
from benchmarks.report import Report
from benchmarks.trials import Run, trials
from service.cli import credentials
from service.cli.credentials import Credentials
from service.kernel.clock import system_now
from service.kernel.embedded import home_of
from service.policy.load import load
from service.policy.model import Bundle
from service.subjects.keyring import load_key_file

FAILED, UNREACHABLE = 1, 3
MEMORY_BUDGET_MIB = 150

progress = Console(stderr=True)


@contextmanager
def _service(folder: Path) -> Generator[tuple[int, Target, Credentials]]:
    """The service as `make run` starts it, on a new database with fsync on: process id, target, credentials."""
    port, written = free_port(), folder / "dev-credentials.json"
    kept = {n: v for n, v in os.environ.items() if not n.startswith("PLACET_") or n.startswith("PLACET_POSTGRES_")}
    command = [sys.executable, "-m", "service.cli", "serve", "--development", "--port", str(port)]

    def serves() -> bool:
        return written.exists() and answers(port, "/health/ready")

    try:
        environment = kept | {"PLACET_DATA_DIR": str(folder)}
        with server(command, environment, log=folder / "service.log", serves=serves) as process:
            given = credentials.read(written)
            yield process.pid, Target(port=port, key=given.secret_key), given
    finally:
        shutil.rmtree(home_of(folder), ignore_errors=True)


@contextmanager
def _floor(folder: Path, service: Target, cases: Sequence[tuple[str, Case]]) -> Generator[Target]:
    """The floor, which answers as the service just did."""
    samples, port = folder / "samples.json", free_port()
    samples.write_bytes(msgspec.json.encode({name: msgspec.Raw(case.sample(service)) for name, case in cases}))
    command = [sys.executable, "-m", "benchmarks.floor", str(port), str(samples)]
    with server(command, os.environ, log=folder / "floor.log", serves=lambda: answers(port, "/health/live")):
        yield Target(port=port, key=service.key)


def _load(folder: Path, bundle: Bundle, database_url: str, subjects: int) -> None:
    people = People(load_key_file(folder / "keys.json"), bundle, system_now())
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress) as bar:
        task = bar.add_task("loading subjects", total=subjects)
        asyncio.run(fill(database_url, people, subjects, lambda n: bar.advance(task, n)))


def measure(subjects: int, seconds: int) -> Report:
    """Start everything, load, measure, end everything; raises `Unreachable`, `NoSuccess`."""
    require_wrk()
    neighbours = Neighbours()
    with TemporaryDirectory(prefix="placet-benchmark-") as name, _service(Path(name)) as (process_id, service, given):
        bundle = load(ROOT / "policies")
        check, batch, record, decision = trials(bundle)
        _load(Path(name), bundle, given.database_url, subjects)
        cases = (("check", check.case), ("record", record.case), ("decide", decision.case))
        with _floor(Path(name), service, cases) as floor:
            run = Run(
                service,
                floor,
                database_url=given.database_url,
                subjects=subjects,
                seconds=seconds,
                tell=lambda what: progress.print(f"  {what}"),
            )
            single = run.against_floor(check)
            lines = [single, run.against_single(batch, single), run.against_floor(record), run.against_floor(decision)]
        machine = asyncio.run(report.machine(given.database_url, home_of(Path(name))))
        memory = memory_mib(process_id)
    return Report(
        machine=machine,
        subjects=subjects,
        seconds=seconds,
        lines=lines,
        memory_mib=memory,
        memory_budget_mib=MEMORY_BUDGET_MIB,
        neighbours=neighbours.share(),
        problems=run.problems,
    )


def _stop(number: int, _: object) -> None:
    """End as Ctrl-C does, with everything that was started."""
    sys.exit(128 + number)


@click.command()
@click.option("--subjects", type=click.IntRange(min=1000), default=100_000, show_default=True, help="People to load.")
@click.option("--seconds", type=click.IntRange(1, 600), default=8, show_default=True, help="Length of a measurement.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--write", is_flag=True, help="Keep the table in benchmarks/RESULTS.md.")
def main(subjects: int, seconds: int, *, as_json: bool, write: bool) -> None:
    """Measure check, record and decision against the floor of the same run."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        measured = measure(subjects, seconds)
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
