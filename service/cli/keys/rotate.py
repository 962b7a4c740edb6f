"""`placet keys rotate …`: changes a key while the service runs. Each can be stopped, and goes on when run again."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import click
from msgspec import Struct

from service.cli.ending import NO, UNREACHABLE, Stop, database_url, run, settings_of, told
from service.cli.keyring import keyring_url, opened, require_migrated
from service.cli.keys.progress import Bars
from service.kernel import datamap
from service.kernel.crypto import SealBroken
from service.kernel.database import Database
from service.kernel.datamap import DataMap
from service.kernel.log import configure
from service.kernel.migrate import pending
from service.kernel.resealing import reseal
from service.policy.commands import ActivePolicy
from service.policy.load import load
from service.rights.renaming import rename
from service.settings import Settings
from service.subjects import private, store
from service.subjects.commands import Subjects
from service.subjects.keyfile import (
    Key,
    Use,
    change_key_file,
    read_key_file,
    rotate_root_key,
    turned,
    with_next,
    without_old,
)
from service.subjects.keyring import Keyring, Stage, load_key_file
from service.subjects.recognition import recognise
from service.subjects.rotation import drop, publish, reindex, settled

LEARN_SECONDS = 4.0
"""After which every process that is not stuck has learnt what was published; one that is, is refused."""
LEAVE_SECONDS = 3600.0
"""After which no value that was sealed before is still on its way into the database."""


class Bench(Struct, frozen=True):
    """What a rotation works with."""

    settings: Settings
    database: Database
    keyring: Keyring
    subjects: Subjects
    datamap: DataMap
    bars: Bars

    def change(self, change: Callable[[Sequence[Key], Use], list[Key]], use: Use) -> None:
        """Change the keys of one use in the key file."""
        change_key_file(self.settings, change(read_key_file(self.settings), use))

    async def publish(self, use: Use, oldest: int, newest: int, reads: int) -> None:
        """Tell every process how far this is."""
        await publish(self.database, self.keyring, use, Stage(oldest, newest, reads))

    async def settled(self) -> None:
        """Wait until nobody is at an earlier stage."""
        await settled(self.database, self.bars.bar("Waiting for transactions that began before"))

    def leaves(self, use: Use) -> bool:
        """Whether the key file still has an old key of a use."""
        return any(key.use == use and key.state == "old" for key in read_key_file(self.settings))


@click.group()
def rotate() -> None:
    """Change a key while the service runs; can be stopped at any time, and goes on when run again."""


@rotate.command()
def root() -> None:
    """Wrap every key under a new root key. The keys stay, and so does everything that was made with them."""
    with told():
        todo = rotate_root_key(settings_of())
    click.echo(f"The keys are wrapped under a new root key. {todo}")


@rotate.command()
def lookup() -> None:
    """Find people by a new key. The old one is destroyed at the end, when everybody is found by the new one."""
    _run(_lookup)
    click.echo("People are found by a new key, and the old one is destroyed. Copy the key file anew.")


@rotate.command()
def seal() -> None:
    """Seal what is sealed under a new key. The old one is destroyed by running this again, an hour later or more."""
    _run(_seal)


@rotate.command()
def signing() -> None:
    """Sign with a new key. The public half of the old one stays published, so that what it signed verifies."""
    _run(_signing)
    click.echo("Documents are signed with a new key; the old one is destroyed but for its public half.")
    click.echo("Copy the key file anew.")


def _run(rotation: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    settings = settings_of()
    configure(settings.log_level)
    with told(), private.locked(settings.key_file):
        try:
            run(_at_work(settings, rotation))
        except SealBroken as error:
            raise Stop(
                "a sealed value in the database does not open: it was changed, or sealed under a key that is gone. "
                "The old key stays; find the value (the log of the database's backup helps), then run this again.",
                NO,
            ) from error


async def _at_work(settings: Settings, rotation: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async with _bench(settings) as bench:
        await rotation(bench)


@asynccontextmanager
async def _bench(settings: Settings) -> AsyncGenerator[Bench]:
    url, keyring = database_url(settings), load_key_file(settings)
    if missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    address = await keyring_url(settings, url)
    await require_migrated(address)
    database = Database(url, size=2)
    try:
        await recognise(database, keyring, settings.key_file)
        async with opened(address, settings, keyring) as keys:
            subjects = Subjects(keyring, ActivePolicy(load(settings.policies_dir)), keys)
            with Bars() as bars:
                yield Bench(settings, database, keyring, subjects, await datamap.read(database), bars)
    finally:
        await database.close()


async def _lookup(bench: Bench) -> None:
    """Four stages, from {1} over {1, 2} read by 1 and {1, 2} read by 2 to {2}: see `Stage`."""
    if bench.keyring.stage.also is None and not bench.leaves("lookup"):
        old = bench.keyring.stage.newest
        bench.change(with_next, "lookup")
        await bench.publish("lookup", old, old + 1, old)
    old, new = bench.keyring.stage.oldest, bench.keyring.stage.newest
    if old < new and bench.keyring.stage.reads == old:
        await bench.settled()
        await reindex(
            bench.database, bench.subjects, bench.keyring.stage, bench.bars.bar("Finding people by the new key")
        )
        await bench.publish("lookup", old, new, new)
    if old < new:
        # suppressions will be waited for here too: they outlive the identifier, and nobody can rename them
        await bench.settled()
        await asyncio.sleep(LEARN_SECONDS)
        if waiting := await rename(bench.database, bench.subjects, new):
            raise Stop(_waits(waiting), NO)
        bench.change(turned, "lookup")
        await bench.publish("lookup", new, new, new)
    await bench.settled()
    await rename(bench.database, bench.subjects, new)
    await drop(bench.database, bench.keyring.stage, bench.bars.bar("Forgetting the old key's lookups"))
    bench.change(without_old, "lookup")


def _waits(requests: int) -> str:
    return (
        f"People are found by the new key, but the old one has to stay for now: {requests} open rights request(s) name "
        "somebody who is not known, and would not find them under the new key if they came. Run this again when those "
        "are closed."
    )


async def _seal(bench: Bench) -> None:
    """A process that meets a value under a key that it does not have reads the key file again."""
    if not bench.leaves("seal"):
        bench.change(with_next, "seal")
        bench.change(turned, "seal")
    (new,) = (key.version for key in read_key_file(bench.settings) if key.use == "seal" and key.state == "current")
    if bench.keyring.stages["seal"].newest < new:
        await bench.publish("seal", new - 1, new, new)
    await bench.settled()
    await asyncio.sleep(LEARN_SECONDS)
    total = 0
    while found := await reseal(bench.database, bench.datamap, bench.keyring.seal, bench.bars.bar("Sealing anew")):
        total += found
    click.echo(f"Sealed anew: {total}.")
    left = LEAVE_SECONDS - await store.stage_age(bench.database, "seal")
    if left > 0:
        click.echo(f"The old key stays for what may be on its way. Run this again in {left / 60:.0f} minutes or later:")
        click.echo("that destroys it. Then copy the key file anew.")
        return
    await bench.publish("seal", new, new, new)
    bench.change(without_old, "seal")
    click.echo("The old key is destroyed. Copy the key file anew.")


async def _signing(bench: Bench) -> None:
    """The new key is published before it signs, so that whoever asks any process for the keys can verify at once."""
    stage = bench.keyring.stages["signing"]
    if stage.also is None:
        bench.change(with_next, "signing")
        await bench.publish("signing", stage.newest, stage.newest + 1, stage.newest)
    await asyncio.sleep(LEARN_SECONDS)
    new = bench.keyring.stages["signing"].newest
    bench.change(turned, "signing")
    await bench.publish("signing", new, new, new)
