"""The nouns of the keyring: what a subject's keys are, and what is sealed under them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from service.kernel.crypto import Sealer
from service.kernel.database import RunAgain
from service.kernel.problem import Unavailable

FOLDER = Path(__file__).parents[3] / "migrations" / "keyring"
"""The migrations of the keyring's database."""
NOBODY = UUID(int=0)
OWN = 0
"""The key version of values sealed under their subject's own key; those of the deployment's keys begin at 1."""


class KeyringRefused(Exception):
    """The keyring's database cannot be used with the main one; the message says why and what to do."""


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
        sealer = self._own.get(owner, self._deployment) if is_own(sealed) else self._deployment
        return sealer.open(sealed, table.encode(), column.encode(), owner.bytes)


def is_own(sealed: bytes) -> bool:
    """Whether a value is sealed under its subject's own key."""
    return sealed[:2] == OWN.to_bytes(2, "big")


class KeyringUnavailable(Unavailable):
    """The keys of people cannot be reached."""

    slug = "keyring-unavailable"
    status = 503
