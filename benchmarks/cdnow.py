"""The purchases of CDNOW as a log of touchpoints, and what `placet journeys simulate` makes of it, month by month.

    python -m benchmarks.cdnow log > cdnow.csv
    placet journeys simulate cdnow.csv --json > cdnow.json
    python -m benchmarks.cdnow months cdnow.json

The log knows purchases only. As in the demo a fifth of the customers bought in the shop, and all dates are moved, here
by 28 years. What was ordered on the web is taken to be delivered three days later.
"""

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from service.cli.demo import LOG, purchases

SEED = 7
"""That of the demo."""
SHIFT = timedelta(days=28 * 365 + 7)
"""28 years, after which the days of the week are the same."""
DELIVERED_AFTER = timedelta(days=3)
NOON = time(12, tzinfo=UTC)
BACK_AND_FORTH = (("do", "care"), ("care", "do"))

Line = tuple[str, str, str, datetime]


class Move(Struct, rename={"to_stage": "to"}):
    """A move, as the simulation tells it."""

    at: datetime
    to_stage: str | None


class Way(Struct):
    """Somebody's moves."""

    person: str
    moves: list[Move]

    def stage(self, at: datetime) -> str | None:
        """Where somebody was at a time."""
        return next((move.to_stage for move in reversed(self.moves) if move.at <= at), None)

    def walked(self, *steps: tuple[str, str]) -> bool:
        """Whether somebody took these steps, one some time after the other."""
        own = pairwise(move.to_stage for move in self.moves)
        return all(step in own for step in steps)


class Simulation(Struct):
    """What the simulation tells."""

    until: datetime
    people: list[Way]


def log(customers: int | None = None) -> Iterator[Line]:
    """The purchases as touchpoints, and the deliveries of what was ordered."""
    for contact in purchases.read(LOG, customers, SEED):
        at = datetime.combine(contact.day, NOON) + SHIFT
        yield contact.customer, contact.event, contact.channel, at
        if contact.channel != "shop":
            yield contact.customer, "delivery", contact.channel, at + DELIVERED_AFTER


def months(simulation: Simulation) -> Iterator[datetime]:
    """The beginning of each month after the first move, up to the end."""
    first = min(move.at for way in simulation.people for move in way.moves)
    month = first.replace(day=1, hour=0)
    while (month := (month + timedelta(days=32)).replace(day=1)) <= simulation.until:
        yield month


def lines(simulation: Simulation) -> Iterator[str]:
    """How many people were in each stage when each month began, and how many ever went back and forth."""
    yield "| | Do | Care | none |"
    yield "| --- | ---: | ---: | ---: |"
    for month in months(simulation):
        found = [way.stage(month) for way in simulation.people if way.moves and way.moves[0].at <= month]
        yield f"| {month:%Y-%m} | {found.count('do'):,} | {found.count('care'):,} | {found.count(None):,} |"
    to_care, back = BACK_AND_FORTH
    for what, steps in (("Do -> Care", [to_care]), ("Do -> Care -> Do", [to_care, back])):
        people = sum(way.walked(*steps) for way in simulation.people)
        yield f"{what}: {people:,} of {len(simulation.people):,} people"


@click.group()
def main() -> None:
    """CDNOW as a journey."""


@main.command(name="log")
def write() -> None:
    """Write the log of touchpoints, as CSV."""
    out = csv.writer(sys.stdout)
    out.writerow(["subject", "event", "channel", "occurred_at"])
    out.writerows((*line[:3], line[3].isoformat()) for line in log())


@main.command(name="months")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(file: Path) -> None:
    """Show stages by month, and how many people moved from Do to Care and back, of what the simulation told."""
    click.echo("\n".join(lines(msgspec.json.decode(file.read_bytes(), type=Simulation))))


if __name__ == "__main__":
    main()
