"""The verbs of the keyring: create keys before their subjects, fetch them, shred them after their subjects, sweep."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

from service.kernel.crypto import KeyUnusable, Sealer, random_key
from service.kernel.database import Connection, Database
from service.kernel.problem import Unavailable
from service.settings import Settings
from service.subjects import store as subjects_store
from service.subjects.keyring import Keyring
from service.subjects.keys import store
from service.subjects.keys.model import OWN, KeyringUnavailable, Promises, Seals, SubjectKey
from service.subjects.private import KeyFileRefused

AT_ONCE = 1000
LONGEST_CREATION = timedelta(hours=1)
"""After this the transaction that was to make a key's subject has ended one way or the other, many times over."""


STALE = "The key file of this process is not that of the keyring's database; `placet keys status` says more."


class SubjectKeys:
    """Keys of subjects, held in clear for as long as what needs them, and never kept."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self._keyring = keyring

    @property
    def none(self) -> Seals:
        """The seals of nobody: they open what is under the deployment's key."""
        return self._seals({})

    async def create(self, subjects: Collection[UUID]) -> Seals:
        """Commit new keys for subjects that are about to be made; raises `KeyringUnavailable`.

        Where their transaction fails afterwards the keys are swept. Never call it for a subject that exists.
        """
        data_keys = {subject_id: random_key() for subject_id in subjects}
        for _ in range(2):
            if await self._insert(data_keys):
                return self._seals(data_keys)
            self._renew()  # an epoch has ended since this process read the key file
        raise KeyringUnavailable(STALE)

    async def _insert(self, data_keys: Mapping[UUID, bytes]) -> bool:
        """Keep data keys with new secrets under the current epoch; False where that is over."""
        epochs = self._keyring.epochs
        wrapped = [
            SubjectKey(subject_id, epochs.current, epochs.wrap(data_key), epochs.wrap(random_key()))
            for subject_id, data_key in data_keys.items()
        ]
        try:
            kept = await store.create(self.database, wrapped)
        except Unavailable as error:
            raise KeyringUnavailable(
                "Until the keyring's database answers nobody new is recorded; ask again."
            ) from error
        return kept == len(wrapped)

    async def seals(self, subjects: Collection[UUID]) -> Seals:
        """What seals and opens values of subjects, of those who have keys; raises `KeyringUnavailable`."""
        found = await self._found(subjects)
        return self._seals({key.subject_id: self._unwrapped(key.epoch, key.data_key) for key in found})

    async def begin(self) -> None:
        """Let what the key file has count from now on, if it does not: its epoch, its key of pseudonyms."""
        begin = partial(store.begin, epoch=self._keyring.epochs.current, recipient_key=self._keyring.recipient.version)
        await self.database.run("keyring.begin", begin)

    async def pseudonyms(self, recipient: str, subjects: Collection[UUID]) -> Mapping[UUID, bytes]:
        """The name of each subject that one recipient gets (Art. 25), of those who have keys.

        Recipient, subject and secret go into a keyed hash: no two recipients have anything in common, and once the
        secret is shredded nobody can compute it again. Raises `KeyringUnavailable`.
        """
        try:
            version, secrets = await store.secrets(self.database, subjects)
        except Unavailable as error:
            raise KeyringUnavailable("The keyring's database does not answer; ask again.") from error
        if self._keyring.recipient.version < version:
            self._renew()  # it was rotated since this process read the key file
        key = self._keyring.recipient
        return {
            one.subject_id: key.hash(
                b"pseudonym", recipient.encode(), one.subject_id.bytes, self._unwrapped(one.epoch, one.wrapped)
            )
            for one in secrets
        }

    async def _found(self, subjects: Collection[UUID]) -> list[SubjectKey]:
        if not subjects:
            return []
        try:
            return await store.keys(self.database, subjects)
        except Unavailable as error:
            raise KeyringUnavailable("The keyring's database does not answer; ask again.") from error

    def _unwrapped(self, epoch: int, wrapped: bytes) -> bytes:
        try:
            return self._keyring.epochs.unwrap(epoch, wrapped)
        except KeyUnusable:
            self._renew()  # an epoch has begun since this process read the key file
        try:
            return self._keyring.epochs.unwrap(epoch, wrapped)
        except KeyUnusable as error:
            raise KeyringUnavailable(STALE) from error

    def _renew(self) -> None:
        try:
            self._keyring.renew()
        except KeyFileRefused as error:
            raise KeyringUnavailable(STALE) from error

    def _seals(self, data_keys: Mapping[UUID, bytes]) -> Seals:
        own = {subject_id: Sealer(data_key, OWN) for subject_id, data_key in data_keys.items()}
        return Seals(own, self._keyring.seal)


def promises_of(settings: Settings) -> Promises:
    """What the operator has promised in the settings."""
    return Promises(timedelta(days=settings.epoch_days), timedelta(days=settings.backup_retention_days))


async def shred(database: Database, keyring: Database, subjects: Collection[UUID]) -> None:
    """Delete the keys of erased subjects, then record that it was done; what was done before is done again."""
    await keyring.run("keyring.shred", partial(store.delete, subjects=subjects))
    await database.run("subjects.shredded", partial(subjects_store.shredded, subjects=subjects))


async def shred_due(database: Database, keyring: Database) -> int:
    """Shred whoever was erased and not shredded, batch by batch; returns how many."""
    done = 0
    while subjects := await subjects_store.to_shred(database, AT_ONCE):
        await shred(database, keyring, subjects)
        done += len(subjects)
    return done


async def sweep(database: Database, keyring: Database, age: timedelta = LONGEST_CREATION) -> int:
    """Delete keys whose subject was never made, or is shredded, batch by batch; returns how many."""
    deleted = 0
    while made := await store.unswept(keyring, age, AT_ONCE):
        strays = {key.subject_id for key in made} - await subjects_store.keyed(database, [k.subject_id for k in made])

        async def work(connection: Connection, strays: set[UUID] = strays, last: store.Made = made[-1]) -> None:
            if strays:
                await store.delete(connection, strays)
            await store.swept(connection, last)

        await keyring.run("keyring.sweep", work)
        deleted += len(strays)
    return deleted
