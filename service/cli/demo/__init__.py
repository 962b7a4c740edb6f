"""`placet demo`: a shop's life replayed against a running service, over HTTP only."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli import credentials
from service.cli.credentials import Credentials
from service.cli.demo import purchases, visitors
from service.cli.demo.purchases import LogRefused
from service.cli.demo.scenario import Contact, Counted, Day, days
from service.cli.demo.tally import Tally
from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, settings_of

LOG = Path("../shared/data/cdnow-purchases.csv.gz")
MOST_CONNECTIONS = 128


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A log of purchases (customer_id, date as YYYYMMDD, quantity, amount_usd), perhaps gzipped. "
    f"Default: {LOG} where present, else a scenario of some thousand visitors.",
)
@click.option("--customers", type=click.IntRange(min=1), help="Only the first so many customers.")
@click.option("--connections", type=click.IntRange(1, MOST_CONNECTIONS), default=16, show_default=True)
@click.option(
    "--seed", type=int, default=7, show_default=True, help="Draws who consents to what and who changes their mind."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def demo(data: Path | None, customers: int | None, connections: int, seed: int, as_json: bool) -> None:
    """Replay a shop's log against a running service, and count what became of it.

    Needs the service that `make run` starts. Every request says when it happens, so that the last day is today.
    """
    given = _credentials(settings_of().data_dir / "dev-credentials.json")
    contacts, expected = _input(data, customers, seed)
    tally = Tally()
    reasons: list[str] = []
    status = NO
    try:
        _replay(days(contacts, datetime.now(UTC).date()), given, tally, connections)
        reasons = tally.faults(expected)
    except Stop as stop:
        reasons, status = [stop.message], stop.exit_code
    except KeyboardInterrupt:
        reasons = ["stopped before the end; the counts are those so far"]
    tally.end()
    _show(tally, reasons, as_json=as_json)
    if reasons:
        raise Stop("\n".join(reasons), status)


def _credentials(path: Path) -> Credentials:
    try:
        return credentials.read(path)
    except OSError:
        raise Stop(f"{path} is not there; start the service with `make run` first.", UNREACHABLE) from None
    except ValueError:
        raise Stop(f"{path} cannot be read; start the service again, which writes it.", NO) from None


def _input(data: Path | None, customers: int | None, seed: int) -> tuple[list[Contact], Counted]:
    """The contacts to replay, and a count of them that was made another way."""
    log = data or (LOG if LOG.exists() else None)
    if log is None:
        contacts = visitors.visits(customers, seed)
        return contacts, visitors.count(contacts)
    try:
        return purchases.read(log, customers, seed), purchases.count(log, customers)
    except LogRefused as refused:
        raise Stop(str(refused), USAGE) from refused


def _replay(days: Sequence[Day], given: Credentials, tally: Tally, connections: int) -> None:
    try:
        from service.cli.demo.play import play  # noqa: PLC0415 - the HTTP client is installed for the demo only
    except ModuleNotFoundError as missing:
        raise Stop(
            f"The demo needs {missing.name}, which the extra `demo` installs: pip install placet[demo]", USAGE
        ) from None
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("Replaying", total=sum(day.steps for day in days))
        asyncio.run(
            play(
                days,
                given,
                tally,
                connections=connections,
                step=lambda steps: bar.update(task, advance=steps),
            )
        )


def _show(tally: Tally, faults: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(tally.document() | {"faults": list(faults)}, indent=2))
    elif tally.subjects:
        Console().print(tally.table())
