"""Whether the keyring's database is that of the main one, and as new: without their keys nothing of people opens."""

from uuid import UUID

from service.kernel.database import Database
from service.subjects import store as subjects_store
from service.subjects.keys import store
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.model import NOBODY, OWN_PREFIX, KeyringRefused, Unprovided

AT_ONCE = 10_000


async def recognise(database: Database, keys: SubjectKeys) -> None:
    """Check that everyone who is active has keys, and let the key file's epoch begin; raises `KeyringRefused`.

    `Unprovided` where all who have none were recorded before there were any.
    """
    after = NOBODY
    while subjects := await subjects_store.next_active(database, after, AT_ONCE):
        without = set(subjects) - await store.holders(keys.database, subjects)
        if lacking := await subjects_store.active(database, without) if without else set[UUID]():
            raise _refused(len(lacking), len(lacking & await subjects_store.provided(database, lacking, OWN_PREFIX)))
        after = subjects[-1]
    await keys.begin()


def _refused(lacking: int, lost: int) -> KeyringRefused:
    if not lost:
        return Unprovided(
            f"at least {lacking} people were recorded before each had keys of their own; run `placet keys provide` once"
        )
    return KeyringRefused(
        f"the keyring's database lacks the keys of at least {lost} of the people in the main one: it is older than "
        "that, or another; restore the newest backup of it (docs/operating-keys.md), or name the right one in "
        "PLACET_KEYRING_URL"
    )
