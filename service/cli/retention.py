"""`placet retention run`: delete what has been kept as long as was said, or say what would go."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from service.cli.ending import NO, Stop, database_url, run, settings_of
from service.cli.keyring import keyring_url
from service.cli.keyring import opened as keys_opened
from service.cli.replaying import opened
from service.cli.serve import require_eraser
from service.consent.consequences import Consequences
from service.decisioning.learning import arms
from service.kernel import datamap
from service.kernel.database import Database
from service.policy.commands import ActivePolicy, Archive
from service.rights.erasure.composing import eraser_of
from service.rights.retention.commands import Retention
from service.rights.retention.model import Counts
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyring import load_key_file


@click.group()
def retention() -> None:
    """How long what is kept: docs/retention.md."""


@retention.command(name="run")
@click.option("--dry-run", is_flag=True, help="Only say what would go, by table and reason, as of one moment.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def run_retention(dry_run: bool, as_json: bool) -> None:
    """Delete what has been kept as long as the active bundle says. `placet work` does it every hour.

    It may be ended and run again at any time, and goes on where it was.
    """
    counts = run(_run(settings_of(), dry_run=dry_run))
    click.echo(msgspec.json.encode(counts) if as_json else "\n".join(_words(counts)))


async def _run(settings: Settings, *, dry_run: bool) -> Counts:
    gone: Counter[str] = Counter()
    bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True))
    async with _retention(settings) as work:
        with bar:
            task = bar.add_task("Looking" if dry_run else "Deleting")

            def tell(what: str, more: int) -> None:
                gone[what] += more
                bar.update(task, description=", ".join(f"{what}: {number}" for what, number in gone.items()))

            return await work.run(dry_run=dry_run, tell=tell)


@asynccontextmanager
async def _retention(settings: Settings) -> AsyncGenerator[Retention]:
    """What deletes, by the bundle that is active in the database."""
    async with opened(settings) as database:
        bundle = await Archive(database).latest()
        if bundle is None:
            raise Stop("no bundle is active; start the service once, which activates its own", NO)
        policy, known = ActivePolicy(bundle), await datamap.read(database)
        erasing = Database(url.reveal, size=1) if (url := settings.erasure_url) else database
        await require_eraser(erasing)
        consequences = Consequences(datamap=known, policy=policy, unlearn=arms.unlearn)
        keyring, address = load_key_file(settings), await keyring_url(settings, database_url(settings))
        async with keys_opened(address, settings, keyring) as keys:
            yield Retention(
                database=database,
                erasing=erasing,
                policy=policy,
                consequences=consequences,
                datamap=known,
                eraser=eraser_of(policy, Subjects(keyring, policy, keys), known, keyring),
            )
        if erasing is not database:
            await erasing.close()


def _words(counts: Counts) -> Iterator[str]:
    if not counts.gone:
        yield "Nothing would go." if counts.dry_run else "Nothing was due."
    for gone in counts.gone:
        people = " people, with all that is theirs" if gone.table == "subjects" else ""
        yield f"{gone.table:<18} {gone.rows:>9}{people}  ({gone.why})"
    if not counts.finished:
        yield "Another process deletes at this moment, and goes on."
