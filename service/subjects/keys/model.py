"""The nouns of the keyring: what a subject's keys are, and what is sealed under them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from service.kernel.crypto import Sealer
from service.kernel.database import RunAgain
from service.kernel.problem import Unavailable

FOLDER = Path(__file__).parents[3] / "migrations" / "keyring"
"""The migrations of the keyring's database."""
NOBODY = UUID(int=0)
OWN = 0xFFFF
"""The key version of values sealed under their subject's own key; the deployment's keys count from 1."""
OWN_PREFIX = OWN.to_bytes(2, "big")
"""What such values begin with: whatever is less is under a key of the deployment's."""


class KeyringRefused(Exception):
    """The keyring's database cannot be used with the main one; the message says why and what to do."""


class Unprovided(KeyringRefused):
    """People were recorded before there were keys of their own."""


class SubjectKey(Struct, frozen=True):
    """The secrets of one subject, wrapped by the key of an epoch."""

    subject_id: UUID
    epoch: int
    data_key: bytes
    pseudonym_secret: bytes


class Epoch(Struct, frozen=True):
    """How long an epoch key was in use: no key is wrapped by it once it is closed, and it is gone once it has ended."""

    epoch: int
    began_at: datetime
    closed_at: datetime | None
    ended_at: datetime | None


class Promises(Struct, frozen=True):
    """What the operator of a deployment has promised (settings), and certificates rely on."""

    epoch: timedelta
    backups: timedelta

    def epoch_ends(self, epochs: Sequence[Epoch], now: datetime) -> datetime | None:
        """When the latest of the epochs ends at last; None where that is overdue, so that nobody knows."""
        ends = max((epoch.began_at for epoch in epochs), default=now) + self.epoch
        return ends if ends > now else None

    def backups_clear_at(self, epoch_ends: datetime | None, shredded_at: datetime) -> datetime | None:
        """When no backup holds anything any more that opens: the epoch has ended, and unsealed copies are gone."""
        return max(epoch_ends, shredded_at + self.backups) if epoch_ends else None


class Seals:
    """Seals and opens values of subjects, each under the subject's own key: once that is shredded, nothing does."""

    def __init__(self, own: Mapping[UUID, Sealer], deployment: Sealer) -> None:
        self._own = own
        self._deployment = deployment

    def __or__(self, other: "Seals") -> "Seals":
        """The seals of both."""
        return Seals({**self._own, **other._own}, self._deployment)

    def __contains__(self, subject_id: UUID) -> bool:
        """Whether the subject's key is among them."""
        return subject_id in self._own

    def seal(self, table: str, column: str, subject_id: UUID, plain: bytes) -> bytes:
        """Seal a value for one column of the subject's row; it opens nowhere else (I5).

        Raises `RunAgain` for a subject who came to be behind a lookup after the keys were fetched.
        """
        if subject_id not in self._own:
            raise RunAgain
        return self._own[subject_id].seal(plain, table.encode(), column.encode(), subject_id.bytes)

    def open(self, table: str, column: str, owner: UUID, sealed: bytes) -> bytes:
        """Open what was sealed for that column of that row; raises `SealBroken`.

        What no subject owns, or was sealed before subjects had keys, is under the deployment's key.
        """
        sealer = self._own.get(owner, self._deployment) if sealed.startswith(OWN_PREFIX) else self._deployment
        return sealer.open(sealed, table.encode(), column.encode(), owner.bytes)


class KeyringUnavailable(Unavailable):
    """The keys of people cannot be reached."""

    slug = "keyring-unavailable"
    status = 503
