"""`placet consents import`: moves in what was collected elsewhere (docs/moving-in.md)."""

import os
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.app import Desks
from service.cli.consents.columns import row_of
from service.cli.consents.importing import go_through
from service.cli.consents.tally import Tally
from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, database_url, run, settings_of
from service.cli.keyring import keyring_url, require_migrated, subject_keys
from service.cli.lines import FileRefused, Line, lines
from service.consent.commands import ConsentDesk
from service.kernel import datamap
from service.kernel.database import Database
from service.kernel.log import configure
from service.kernel.migrate import pending
from service.ledger.gap.watch import Gap
from service.ledger.publication import Publication
from service.policy.commands import ActivePolicy, Archive
from service.settings import Settings
from service.subjects.following import following
from service.subjects.keyring import load_key_file
from service.subjects.recognition import recognise

STEP = 500
AGAIN = "Run it again: what is on record is not recorded twice."
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def consents() -> None:
    """Consents that were collected elsewhere."""


@consents.command(name="import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Check every line and write nothing.")
@click.option("--skip-refused", is_flag=True, help="Record the good lines although others are refused.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every refused line to this file, by number and reason, as lines of JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def import_consents(file: Path, dry_run: bool, skip_refused: bool, report: Path | None, as_json: bool) -> None:
    """Record the consents in FILE (.csv or .jsonl): check all lines first, then record them, or none if one is bad.

    A line of .jsonl is the body of POST /v1/consents; a column of .csv is a path into it, such as subject.kind or
    decisions.analytics. Safe to stop and to run again: what is on record is not recorded twice.
    """
    if report is not None and report.exists() and report.samefile(file):
        raise Stop("--report would overwrite the file that is imported", USAGE)
    settings = settings_of()
    configure(settings.log_level)
    tally = Tally(report)
    outcome, end = "stopped", None
    try:
        outcome = run(_import(settings, file, tally, dry_run=dry_run, skip_refused=skip_refused))
        end = _end(tally, outcome)
    except Stop as stop:
        if not tally.lines:
            raise
        end = Stop(f"{stop.message} {AGAIN}", stop.exit_code)
    except KeyboardInterrupt:
        end = Stop(f"Stopped before the end; the counts are those so far. {AGAIN}", NO)
    click.echo(msgspec.json.encode(tally.document(outcome)) if as_json else "\n".join(tally.sentences(outcome)))
    if end is not None:
        raise end


def _end(tally: Tally, outcome: str) -> Stop | None:
    if not tally.refused:
        return None
    rest = "the others are on record" if outcome == "recorded" else "nothing was recorded"
    return Stop(f"Refused lines: {tally.refused}; {rest}. Mend them, or record the others with --skip-refused.", NO)


async def _import(settings: Settings, path: Path, tally: Tally, *, dry_run: bool, skip_refused: bool) -> str:
    """Check the file; then, unless something is wrong or nothing is to be written, record it. Returns what was done."""
    async with _desk(settings) as desk:
        await _passage(path, desk, tally, write=False)
        if not tally.lines:
            raise Stop(f"{path}: holds nothing to import", USAGE)
        if dry_run:
            return "checked"
        if tally.refused and not skip_refused:
            return "refused"
        await _passage(path, desk, tally, write=True)
        return "recorded"


async def _passage(path: Path, desk: ConsentDesk, tally: Tally, *, write: bool) -> None:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with path.open("rb") as file, bar, tally.passage():
        task = bar.add_task("Recording" if write else "Checking", total=os.fstat(file.fileno()).st_size)

        def watched(found: Iterable[Line]) -> Iterator[Line]:
            for number, line in enumerate(found):
                if number % STEP == 0:
                    bar.update(task, completed=file.tell())
                yield line
            bar.update(task, completed=file.tell())

        try:
            await go_through(watched(lines(path, file, row_of)), desk, tally, write=write)
        except FileRefused as refused:
            raise Stop(f"{path}: {refused}", USAGE) from refused


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncGenerator[ConsentDesk]:
    """The desk of a service with the keys of this deployment and the bundle that its database says is active."""
    url = database_url(settings)
    keyring = load_key_file(settings)
    if missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    address = await keyring_url(settings, url)
    await require_migrated(address)
    database = Database(url, size=settings.pool_size)
    try:
        await recognise(database, keyring, settings.key_file)
        bundle = await Archive(database).latest()
        if bundle is None:
            raise Stop("no bundle is active; start the service once, which activates its own", NO)
        async with subject_keys(address, settings, database, keyring) as keys, following(database, keyring):
            gap = Gap(Publication(settings.published))
            desks = Desks(settings, keyring, ActivePolicy(bundle), database, await datamap.read(database), keys, gap)
            yield desks.consent
            await desks.close()
    finally:
        await database.close()
