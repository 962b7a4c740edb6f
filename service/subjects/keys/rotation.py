"""Rotating what wraps people's keys, and what names them to recipients, while the service runs.

Each step may be killed and run again. Whoever has read the key file before learns of the new key where the old one is
refused: by an epoch that is closed, by keys that do not unwrap, by a version that counts no longer.
"""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from service.kernel.crypto import KeyUnusable
from service.kernel.database import Connection, Database
from service.settings import Settings
from service.subjects import store as subjects_store
from service.subjects.keyfile import Use, change_key_file, read_key_file, turned, with_next
from service.subjects.keyring import Epochs, Keyring
from service.subjects.keys import store
from service.subjects.keys.commands import AT_ONCE, LONGEST_CREATION, SubjectKeys, shred_due
from service.subjects.keys.model import KeyringRefused, SubjectKey

Tell = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


async def rotate_epoch(settings: Settings, database: Database, keys: SubjectKeys, keyring: Keyring, tell: Tell) -> None:
    """End the epoch: wrap the keys of everyone left by a new epoch key, then destroy the old one.

    What was shredded before opens in no backup from then on. The caller holds the key file's lock.
    """
    await shred_due(database, keys.database)
    ending = any(epoch.closed_at and not epoch.ended_at for epoch in await store.epochs(keys.database))
    _turn(settings, "epoch", again=not ending)
    keyring.renew()
    new = keyring.epochs.current
    await _remember(database, keyring, "epoch")
    await keys.begin()
    await keys.database.run("keyring.close_epochs", partial(store.close_epochs, before=new))
    await _wrap_anew(database, keys.database, keyring, tell)
    await _forget(settings, database, keyring, "epoch", new)
    await keys.database.run("keyring.end_epochs", partial(store.end_epochs, before=new))


async def rotate_recipient(settings: Settings, database: Database, keys: SubjectKeys, keyring: Keyring) -> None:
    """Name everyone anew to every recipient; the key of the names until now is destroyed."""
    _turn(settings, "recipient")
    keyring.renew()
    await _remember(database, keyring, "recipient")
    await keys.begin()
    await _forget(settings, database, keyring, "recipient", keyring.recipient.version)


async def _wrap_anew(database: Database, vault: Database, keyring: Keyring, tell: Tell) -> None:
    """Wrap by the current epoch's key whoever is left; keys of nobody are deleted on the way."""
    epochs = keyring.epochs
    total, done = await store.count_before(vault, epochs.current), 0
    while batch := await store.wrapped_before(vault, epochs.current, LONGEST_CREATION, AT_ONCE):
        active = await subjects_store.active(database, [key.subject_id for key, _ in batch])
        left = [_wrapped_anew(epochs, key) for key, young in batch if young or key.subject_id in active]
        strays = {key.subject_id for key, _ in batch} - {key.subject_id for key in left}

        async def work(connection: Connection, left: list[SubjectKey] = left, strays: set[UUID] = strays) -> None:
            if left:
                await store.wrap_anew(connection, left)
            if strays:
                await store.delete(connection, strays)

        await vault.run("keyring.wrap_anew", work)
        done += len(batch)
        tell(done, max(done, total))


def _wrapped_anew(epochs: Epochs, key: SubjectKey) -> SubjectKey:
    try:
        data_key, secret = (epochs.unwrap(key.epoch, wrapped) for wrapped in (key.data_key, key.pseudonym_secret))
    except KeyUnusable as error:
        raise KeyringRefused(
            f"keys in the keyring's database do not unwrap by the key of epoch {key.epoch} in the key file; name the "
            "database that belongs to it in PLACET_KEYRING_URL. The old key stays."
        ) from error
    return SubjectKey(key.subject_id, epochs.current, epochs.wrap(data_key), epochs.wrap(secret))


def _turn(settings: Settings, use: Use, *, again: bool = True) -> None:
    """Put a new key of a use beside the current one, which is only read with then; not where that was done before."""
    keys = read_key_file(settings)
    if again and not any(key.use == use and key.state == "old" for key in keys):
        change_key_file(settings, turned(with_next(keys, use), use))


async def _remember(database: Database, keyring: Keyring, use: Use) -> None:
    """Let the main database know the new key, so that an older copy of the key file is refused."""
    known = [key for key in keyring.fingerprints if key.use == use]
    await database.run("subjects.fingerprint", partial(subjects_store.fingerprint, keys=known))


async def _forget(settings: Settings, database: Database, keyring: Keyring, use: Use, before: int) -> None:
    """Destroy the old keys of a use, once the main database no longer asks for them."""
    forget = partial(subjects_store.forget_fingerprints, use=use, before=before)
    await database.run("subjects.forget_fingerprints", forget)
    kept = [key for key in read_key_file(settings) if key.use != use or key.version >= before]
    change_key_file(settings, kept)
    keyring.renew()
