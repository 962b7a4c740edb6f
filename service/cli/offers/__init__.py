"""`placet offers`: what another policy would have done (docs/what-if.md)."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from service.cli.ending import NO, USAGE, Stop, run, settings_of, told
from service.cli.lines import FileRefused
from service.cli.offers.database import from_database
from service.cli.offers.files import from_file
from service.cli.offers.question import Question
from service.cli.offers.target import Policies
from service.cli.offers.words import Evaluation, document, sentences
from service.cli.replaying import time_of
from service.kernel.clock import system_now

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_REPETITIONS = 100_000
FEWEST_REPETITIONS = 40


@click.group()
def offers() -> None:
    """Offers, and the policies that choose among them."""


@offers.command()
@click.option("--log", type=FILE, help="The decisions: .csv or .jsonl, or one of them with .gz.")
@click.option(
    "--since",
    callback=time_of,
    metavar="TIME",
    help="Instead of --log: the decisions of the service itself from then on.",
)
@click.option(
    "--until",
    callback=time_of,
    metavar="TIME",
    help="With --since: before then, else all up to now.",
)
@click.option("--policies", type=FOLDER, help="The policy is this bundle.")
@click.option("--target", type=FILE, help="The policy is a table: placement, offer, propensity.")
@click.option("--target-log", type=FILE, help="The policy is that of a log of its own: placement, offer, success.")
@click.option("--placement", "placements", multiple=True, help="Only this one; give it once for each.")
@click.option(
    "--bootstrap",
    "repetitions",
    type=click.IntRange(FEWEST_REPETITIONS, MOST_REPETITIONS),
    default=1000,
    show_default=True,
    help="Repetitions that the intervals are made of.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same intervals.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def evaluate(
    *,
    log: Path | None,
    since: datetime | None,
    until: datetime | None,
    policies: Path | None,
    target: Path | None,
    target_log: Path | None,
    placements: tuple[str, ...],
    repetitions: int,
    seed: int,
    as_json: bool,
) -> None:
    """What if another policy had decided? Its success rate, estimated from decisions that another one made.

    A line of the log says placement, offer, propensity (how probable the offer was), success (0 or 1) and, where the
    policy is not named by an option, target: how probable it makes this offer. The names of the Open Bandit Pipeline
    (position, item_id, propensity_score, click) do as well. For --policies it says at, facts and allowed too.

    Exit status: 1 where there is no estimate, 2 where a file or an option cannot be used.
    """
    question = Question(frozenset(placements), repetitions, seed)
    ways = Policies(policies, target, target_log)
    try:
        with told():
            found = _found(log, since, until, ways, question)
    except FileRefused as refused:
        raise Stop(str(refused), USAGE) from refused
    except KeyboardInterrupt:
        raise Stop("Stopped before the end of the log; a part of it says nothing of the whole.", NO) from None
    click.echo(msgspec.json.encode(document(found)) if as_json else "\n".join(sentences(found)))
    if not found.together.matched:
        raise Stop("There is nothing in the log that this policy would have done.", NO)


def _found(
    log: Path | None, since: datetime | None, until: datetime | None, ways: Policies, question: Question
) -> Evaluation:
    if sum(way is not None for way in ways) > 1:
        raise Stop("Give the policy once: with --policies, --target or --target-log.", USAGE)
    if (log is None) == (since is None):
        raise Stop("Give the decisions once: with --log or with --since.", USAGE)
    if log is not None:
        return from_file(log, ways, question)
    if since is None or ways.bundle is None:
        raise Stop("With --since the policy is a bundle: give it with --policies.", USAGE)
    return run(from_database(settings_of(), ways.bundle, since, until or system_now(), question))
