"""What `placet keys status` says of epochs: when what was shredded opens in no backup any more."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from service.cli.ending import reaching
from service.cli.keyring import SETTING
from service.kernel.clock import system_now
from service.kernel.database import Database
from service.settings import Settings
from service.subjects import store as subjects_store
from service.subjects.keys import store
from service.subjects.keys.commands import promises_of
from service.subjects.keys.model import Epoch, Promises

UNSAID = (
    "PLACET_DATABASE_URL and PLACET_KEYRING_URL are not both set, so nothing is said of epochs and of who was shredded"
)


class Dead(Struct, frozen=True):
    """How many people's keys were deleted, and from when on no backup opens anything of theirs (None: nobody knows)."""

    people: int
    backups_clear_at: datetime | None


class Epochs(Struct, frozen=True):
    """The epochs, when the present one ends at last (None: it is overdue), and who was shredded."""

    epochs: list[Epoch]
    epoch_ends: datetime | None
    shredded: list[Dead]

    def lines(self) -> Iterator[str]:
        """The same in words."""
        for epoch in self.epochs:
            began, ended = (
                f"{epoch.began_at:%Y-%m-%d}",
                f"ended {epoch.ended_at:%Y-%m-%d}" if epoch.ended_at else "open",
            )
            yield f"  epoch {epoch.epoch:>8}  {ended:<16} since {began}"
        for dead in self.shredded:
            when = f"from {dead.backups_clear_at:%Y-%m-%d %H:%M}" if dead.backups_clear_at else "nobody can say when"
            yield f"Shredded: {dead.people}; dead in every backup {when}."
        if self.epoch_ends is None:
            yield "The end of the epoch is overdue (PLACET_EPOCH_DAYS); run `placet keys rotate epoch`."


async def epochs(settings: Settings) -> Epochs | None:
    """The epochs of a deployment; None where its databases are not named."""
    if settings.database_url is None or settings.keyring_url is None:
        return None
    database, keyring = Database(settings.database_url.reveal, size=1), Database(settings.keyring_url.reveal, size=1)
    try:
        with reaching(SETTING):
            known = await store.epochs(keyring)
        promises = promises_of(settings)
        ends = promises.epoch_ends(known, system_now())
        return Epochs(known, ends, await _shredded(database, promises, known, ends))
    finally:
        await database.close()
        await keyring.close()


async def _shredded(
    database: Database, promises: Promises, known: Sequence[Epoch], ends: datetime | None
) -> list[Dead]:
    """Who was shredded before the last epoch that has ended, and who since."""
    over = next((epoch for epoch in known if epoch.ended_at), None)
    found: list[Dead] = []
    for people, last in await subjects_store.shredded_around(database, over.closed_at if over else None):
        dead = over is not None and over.closed_at is not None and last < over.closed_at
        end = over.ended_at if dead and over else ends
        found.append(Dead(people, promises.backups_clear_at(end, last)))
    return found
