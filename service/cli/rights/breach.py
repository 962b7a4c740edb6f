"""`placet rights affected`: what a notice of a breach has to say of people and records (Art. 33(3)(a))."""

from collections.abc import Iterator
from datetime import datetime

import click
import msgspec

from service.cli.ending import USAGE, Stop, run, settings_of
from service.cli.keys.progress import Bars
from service.cli.replaying import opened, time_of
from service.kernel import datamap
from service.kernel.database import Connection
from service.rights.breach.commands import affected as count_affected
from service.rights.breach.commands import countable, population
from service.rights.breach.model import Affected


@click.command()
@click.option("--table", "tables", multiple=True, help="A table whose rows were seen or lost; give it once for each.")
@click.option("--since", callback=time_of, metavar="TIME", help="Only rows written then or later.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def affected(tables: tuple[str, ...], since: datetime | None, as_json: bool) -> None:
    """Count the people whose data a breach touches, by category of data, for the notice of Art. 33.

    Without --table it counts every table that holds data of people; docs/data-map.md says what is in each. Of fewer
    than ten people only that is told. Whoever was erased is not counted.
    """
    found = run(_count(tables, since))
    click.echo(msgspec.json.encode(found) if as_json else "\n".join(_words(found)))


async def _count(tables: tuple[str, ...], since: datetime | None) -> Affected:
    async with opened(settings_of()) as database:
        known = await datamap.read(database)
        there = countable(known)
        if unknown := sorted(set(tables).difference(there)):
            raise Stop(f"{', '.join(unknown)}: no table of people's data; there are {', '.join(there)}", USAGE)
        with Bars() as bars:
            tell = bars.bar("Counting")

            async def work(connection: Connection) -> Affected:
                total = await population(connection)
                return await count_affected(
                    connection, known, tables or there, since, lambda done: tell(min(done, total), total)
                )

            return await database.at_one_moment(work)


def _words(found: Affected) -> Iterator[str]:
    few = f"fewer than {found.fewer_than}"
    when = f"written since {found.since.isoformat()}" if found.since else "whenever written"
    yield f"People affected: {few if found.people is None else found.people} (rows {when})."
    for group in found.categories:
        records = ", ".join(f"{number} {table}" for table, number in (group.records or {}).items())
        people = few if group.people is None else str(group.people)
        yield f"  {group.category:<10}  people: {people}{f'  records: {records}' if records else ''}"
