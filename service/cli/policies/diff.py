"""`placet policies diff`: what another bundle would change, and for how many (docs/what-if.md)."""

from datetime import datetime

import click
import msgspec

from service.cli.ending import NO, USAGE, Stop, run, settings_of
from service.cli.keys.progress import Bars
from service.cli.policies.bundles import archived, named
from service.cli.policies.words import Answer, document, sentences
from service.cli.replaying import opened, replay, time_of
from service.consent.asking import rules
from service.consent.asking.model import Standings
from service.consent.asking.store import standings
from service.decisioning.evaluation.model import Period
from service.decisioning.evaluation.replaying import Shifts
from service.kernel.clock import system_now
from service.kernel.database import Database
from service.policy.differences import differences
from service.policy.model import Bundle
from service.settings import Settings


@click.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--since",
    callback=time_of,
    metavar="TIME",
    help="Tell which decisions from then on would be others.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def diff(old: str, new: str, since: datetime | None, *, as_json: bool) -> None:
    """What bundle NEW says otherwise than OLD: each a folder, or a digest (sha256:…) of one that was ever active.

    With PLACET_DATABASE_URL it also counts who must be asked again, and with --since whose offers would be others.

    Exit status: 0 they are the same, 1 they differ, 2 one of them is no bundle, 3 the database cannot be reached.
    """
    try:
        answer = _compared(settings_of(), old, new, since)
    except KeyboardInterrupt:
        raise Stop("Stopped before the end; of a part of the decisions nothing is told.", USAGE) from None
    click.echo(msgspec.json.encode(document(answer)) if as_json else "\n".join(sentences(answer)))
    if answer.old != answer.new:
        raise SystemExit(NO)


def _compared(settings: Settings, old: str, new: str, since: datetime | None) -> Answer:
    before, after = named(old), named(new)
    if settings.database_url is not None:
        return run(_counted(settings, before or old, after or new, since))
    if before is None or after is None or since is not None:
        raise Stop("PLACET_DATABASE_URL is not set; a digest and --since need the database.", USAGE)
    return _answer(before, after, None, None)


async def _counted(settings: Settings, old: Bundle | str, new: Bundle | str, since: datetime | None) -> Answer:
    async with opened(settings) as database:
        before = await archived(database, old) if isinstance(old, str) else old
        after = await archived(database, new) if isinstance(new, str) else new
        counts = await database.run("consent.standings", standings)
        shifts = await _shifts(settings, database, after, since) if since else None
        return _answer(before, after, counts, shifts)


async def _shifts(settings: Settings, database: Database, new: Bundle, since: datetime) -> Shifts:
    replayed = await replay(settings, database)
    with Bars() as bars:
        return await replayed.show(Period(since, system_now()), lambda: Shifts(new), bars.bar("Deciding again"))


def _answer(old: Bundle, new: Bundle, counts: Standings | None, shifts: Shifts | None) -> Answer:
    return Answer(
        old=old.digest,
        new=new.digest,
        differences=differences(old, new),
        concerned=list(rules.effects(old, new, counts)),
        smallest_group=new.journeys[new.default_journey].smallest_group,
        shifts=shifts,
    )
