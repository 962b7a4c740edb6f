"""`placet offers`: what another policy would have done (docs/what-if.md)."""

from pathlib import Path

import click
import msgspec

from service.cli.ending import NO, USAGE, Stop
from service.cli.lines import FileRefused
from service.cli.offers.files import from_file
from service.cli.offers.words import document, sentences

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_REPETITIONS = 100_000
FEWEST_REPETITIONS = 40


@click.group()
def offers() -> None:
    """Offers, and the policies that choose among them."""


@offers.command()
@click.option("--log", required=True, type=FILE, help="The decisions: .csv or .jsonl, or one of them with .gz.")
@click.option("--target", type=FILE, help="The policy as a table: placement, offer, propensity.")
@click.option("--target-log", type=FILE, help="The policy as a log of its own decisions: placement, offer, success.")
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
    log: Path,
    target: Path | None,
    target_log: Path | None,
    placements: tuple[str, ...],
    repetitions: int,
    seed: int,
    *,
    as_json: bool,
) -> None:
    """What if another policy had decided? Its success rate, estimated from a log of decisions that another one made.

    A line of the log says placement, offer, propensity (how probable the offer was), success (0 or 1) and, without
    --target, target: how probable the policy asked about makes this offer. The names of the Open Bandit Pipeline
    (position, item_id, propensity_score, click) do as well.

    Exit status: 1 where the log says nothing of the policy, 2 where a file cannot be read.
    """
    if target and target_log:
        raise Stop("Give the policy once: with --target or with --target-log.", USAGE)
    try:
        found = from_file(log, target, target_log, frozenset(placements), repetitions=repetitions, seed=seed)
    except FileRefused as refused:
        raise Stop(str(refused), USAGE) from refused
    except KeyboardInterrupt:
        raise Stop("Stopped before the end of the log; a part of it says nothing of the whole.", NO) from None
    click.echo(msgspec.json.encode(document(found)) if as_json else "\n".join(sentences(found)))
    if not found.together.matched:
        raise Stop("There is nothing in the log that this policy would have done.", NO)
