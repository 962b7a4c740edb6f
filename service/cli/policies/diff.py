"""`placet policies diff`: what another bundle would change, and for how many (docs/what-if.md)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import click
import msgspec

from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, database_url, run, settings_of
from service.cli.policies.bundles import archived, named
from service.cli.policies.words import Answer, document, sentences
from service.consent.asking import rules
from service.consent.asking.model import Standings
from service.consent.asking.store import standings
from service.kernel.database import Database
from service.kernel.migrate import pending
from service.policy.differences import differences
from service.policy.model import Bundle
from service.settings import Settings


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def diff(old: str, new: str, *, as_json: bool) -> None:
    """What bundle NEW says otherwise than OLD: each a folder, or a digest (sha256:…) of one that was ever active.

    With PLACET_DATABASE_URL it also counts who must be asked again.

    Exit status: 0 they are the same, 1 they differ, 2 one of them is no bundle.
    """
    answer = _compared(settings_of(), old, new)
    click.echo(msgspec.json.encode(document(answer)) if as_json else "\n".join(sentences(answer)))
    if answer.old != answer.new:
        raise SystemExit(NO)


def _compared(settings: Settings, old: str, new: str) -> Answer:
    before, after = named(old), named(new)
    if settings.database_url is not None:
        return run(_counted(settings, before or old, after or new))
    if before is None or after is None:
        raise Stop("PLACET_DATABASE_URL is not set; a digest names a bundle of a database.", USAGE)
    return _answer(before, after, None)


async def _counted(settings: Settings, old: Bundle | str, new: Bundle | str) -> Answer:
    async with _database(settings) as database:
        before = await archived(database, old) if isinstance(old, str) else old
        after = await archived(database, new) if isinstance(new, str) else new
        return _answer(before, after, await database.run("consent.standings", standings))


def _answer(old: Bundle, new: Bundle, counts: Standings | None) -> Answer:
    return Answer(
        old=old.digest,
        new=new.digest,
        differences=differences(old, new),
        concerned=list(rules.effects(old, new, counts)),
        smallest_group=new.journeys[new.default_journey].smallest_group,
    )


@asynccontextmanager
async def _database(settings: Settings) -> AsyncGenerator[Database]:
    """The deployment's database, of this version."""
    url = database_url(settings)
    if missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    database = Database(url, size=settings.pool_size)
    try:
        yield database
    finally:
        await database.close()
