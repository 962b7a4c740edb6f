"""`placet rights replay`: what a restored backup brings back is erased again."""

import click

from service.cli.ending import NO, Stop, database_url, run, settings_of
from service.cli.keyring import keyring_url, opened, require_migrated
from service.cli.keys.progress import Bars
from service.cli.replaying import opened as opened_database
from service.kernel import datamap
from service.policy.commands import ActivePolicy, Archive
from service.rights.erasure.composing import eraser_of
from service.rights.journal.file import Journal
from service.rights.journal.model import Journaled, JournalRefused
from service.rights.journal.replay import Replay
from service.settings import Settings
from service.subjects.commands import Subjects
from service.subjects.keyring import load_key_file
from service.subjects.recognition import recognise


@click.command()
def replay() -> None:
    """Erase again whoever a restored backup brings back; safe to stop and to run again."""
    settings = settings_of()
    try:
        journaled = Journal(settings.journal).read()
    except JournalRefused as refused:
        raise Stop(str(refused), NO) from refused
    if journaled.torn:
        click.echo(f"The last line of {settings.journal} was cut off: that erasure had not begun.", err=True)
    done = run(_replay(settings, journaled))
    click.echo(f"{done} erasures were done again; the journal has {len(journaled.lines)} lines.")


async def _replay(settings: Settings, journaled: Journaled) -> int:
    async with opened_database(settings) as database:
        keyring = load_key_file(settings)
        await recognise(database, keyring, settings.key_file)
        address = await keyring_url(settings, database_url(settings))
        await require_migrated(address)
        bundle = await Archive(database).latest()
        if bundle is None:
            raise Stop("no bundle is active; this is not a database that was ever served", NO)
        policy = ActivePolicy(bundle)
        async with opened(address, settings, keyring) as keys:
            subjects = Subjects(keyring, policy, keys)
            tables = await datamap.read(database)
            eraser = eraser_of(policy, subjects, tables, keyring)
            with Bars() as bars:
                return await Replay(database, keys.database, eraser, policy).run(journaled, bars.bar("Erasing again"))
