"""Whether the keyring's database is that of the main one, and as new: without their keys nothing of people opens."""

from functools import partial

from service.kernel.database import Database
from service.subjects import store as subjects_store
from service.subjects.keys import store
from service.subjects.keys.model import NOBODY, KeyringRefused

AT_ONCE = 10_000


async def recognise(database: Database, keyring: Database, epoch: int) -> None:
    """Check that everyone who is active has keys, and let the epoch begin; raises `KeyringRefused`."""
    after = NOBODY
    while subjects := await subjects_store.next_active(database, after, AT_ONCE):
        without = set(subjects) - await store.holders(keyring, subjects)
        if lacking := len(await subjects_store.active(database, without)) if without else 0:
            raise _refused(lacking)
        after = subjects[-1]
    await keyring.run("keyring.begin_epoch", partial(store.begin_epoch, epoch=epoch))


def _refused(lacking: int) -> KeyringRefused:
    return KeyringRefused(
        f"the keyring's database lacks the keys of at least {lacking} of the people in the main one: it is older than "
        "that, or another; restore the newest backup of it (docs/operating-keys.md), or name the right one in "
        "PLACET_KEYRING_URL"
    )
