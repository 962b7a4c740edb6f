"""`placet journeys simulate`: what a log of events would do, by the rules of a bundle and without a database."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, settings_of, told
from service.cli.journeys.events import Event, event_of, row_of
from service.cli.journeys.show import Screen, Stream
from service.cli.journeys.sorting import Sorter, SortingFailed
from service.cli.journeys.totals import Totals
from service.cli.journeys.walk import walk
from service.cli.lines import FileRefused, lines
from service.cli.refusals import Refusals
from service.policy.load import load
from service.policy.model import Bundle, Journey

STEP = 500
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def journeys() -> None:
    """Journeys: stages, and what is evidence for them."""


@journeys.command()
@click.argument("file", type=FILE)
@click.option("--journey", "name", metavar="ID", help="A journey of the bundle.  [default: the bundle's own]")
@click.option("--policies", type=FOLDER, help="The bundle.  [default: PLACET_POLICIES_DIR]")
@click.option(
    "--people", type=click.IntRange(min=0), default=10, show_default=True, help="How many people to show move by move."
)
@click.option("--json", "as_json", is_flag=True, help="For programs, with the moves of all people.")
def simulate(file: Path, name: str | None, policies: Path | None, people: int, as_json: bool) -> None:
    """Show what the events in FILE (.csv or .jsonl) would do: moves, final stages, personas, what no rule speaks of.

    A line of .jsonl is a touchpoint as POST /v1/touchpoints takes it; a .csv has the columns subject, event, channel
    and occurred_at, and may have id and sentiment. A subject is any label. Consent is not asked: everybody is taken to
    have given it.

    The lines may be in any order. They are sorted in a file that is as large as the log, and memory holds the events of
    one person at a time. Nothing is simulated unless every line is good. The end is the time of the last event.

    Exit status: 0 simulated, 1 a line or the bundle is not good, 2 usage.
    """
    with told():
        bundle = load(policies or settings_of().policies_dir)
    journey = bundle.journeys.get(name or bundle.default_journey)
    if journey is None:
        raise Stop(f"The bundle has no such journey; it has: {', '.join(sorted(bundle.journeys))}.", USAGE)
    try:
        with Sorter() as sorter:
            totals = _read(file, bundle, sorter, as_json=as_json)
            _walk(bundle, journey, sorter, totals, Stream() if as_json else Screen(people))
    except SortingFailed as failed:
        raise Stop(
            "The log cannot be sorted: is there no room? SQLITE_TMPDIR names another place.", UNREACHABLE
        ) from failed


def _read(file: Path, bundle: Bundle, sorter: Sorter, *, as_json: bool) -> Totals:
    """Take in every event of a file; ends the command unless there are some and all are good."""
    totals, refusals = Totals(), Refusals()
    with _progress("Reading", file.stat().st_size) as tell:
        for number, event in _events(file, bundle, refusals, tell):
            if sorter.add(event):
                totals.add(event, number)
            else:
                totals.duplicates += 1
    if refusals.lines:
        document = {"outcome": "refused", "refused": refusals.lines, "reasons": refusals.document()}
        told_of = refusals.sentences("--json tells them all")
        click.echo(msgspec.json.encode(document) if as_json else "\n".join(told_of))
        raise Stop(f"Refused lines: {refusals.lines}; nothing was simulated. Mend them, or leave them out.", NO)
    if not totals.events:
        raise Stop(f"{file}: holds no event", USAGE)
    return totals


def _events(path: Path, bundle: Bundle, refusals: Refusals, tell: Callable[[int], None]) -> Iterator[tuple[int, Event]]:
    with path.open("rb") as file:
        try:
            for place, line in enumerate(lines(path, file, row_of)):
                if place % STEP == 0:
                    tell(file.tell())
                event = event_of(line.body, bundle)
                if isinstance(event, Event):
                    yield line.number, event
                else:
                    refusals.add(line.number, event)
        except FileRefused as refused:
            raise Stop(f"{path}: {refused}", USAGE) from refused


def _walk(bundle: Bundle, journey: Journey, sorter: Sorter, totals: Totals, page: Screen | Stream) -> None:
    """Let everybody walk, one after the other, and tell of it."""
    until, people = sorter.last(), sorter.people()
    page.begin(journey, until)
    with _progress("Walking", people) as tell:
        for place, (person, events) in enumerate(sorter.by_person()):
            walked = walk(bundle, journey, person, events, until)
            totals.walked(walked)
            page.add(walked)
            if place % STEP == 0:
                tell(place)
        tell(people)
    page.end(bundle, journey, totals)


@contextmanager
def _progress(what: str, total: int) -> Generator[Callable[[int], None]]:
    """A bar on the side that is told how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=max(total, 1))
        yield lambda done: bar.update(task, completed=done)
