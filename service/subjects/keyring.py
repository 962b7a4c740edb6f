"""The keys of this deployment, at work: one ring for each use, which a rotation turns while the service runs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from service.kernel.crypto import Hasher, KeyUnusable, Sealer, Signer, public_half, unwrap_key, wrap_key
from service.settings import Settings
from service.subjects.keyfile import RESTORE, Key, Use, read_key_file
from service.subjects.private import KeyFileRefused


class Fingerprint(Struct, frozen=True):
    """By what a key is known again; it tells nothing of the key."""

    use: str
    version: int
    hash: bytes


class Epochs:
    """The keys that wrap what is a subject's own; when the epoch's key is destroyed, all it wrapped is dead."""

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        self.hold(keys, current)

    def hold(self, keys: Mapping[int, bytes], current: int) -> None:
        """Wrap under the current one of these from now on, and unwrap what any of them wrapped."""
        self._keys = dict(keys)
        self.current = current

    def wrap(self, raw: bytes) -> bytes:
        """A key, wrapped under the current epoch's (RFC 5649)."""
        return wrap_key(self._keys[self.current], raw)

    def unwrap(self, epoch: int, wrapped: bytes) -> bytes:
        """A key that an epoch's key had wrapped; raises `KeyUnusable`, also for an epoch whose key is gone."""
        if epoch not in self._keys:
            raise KeyUnusable
        return unwrap_key(self._keys[epoch], wrapped)


class Stage(Struct, frozen=True):
    """How far the rotation of a key is: its versions in use, and the one that reads lookups, or signs.

    Of lookups the oldest and the newest are both written: {1}, {1, 2} reading 1, {1, 2} reading 2, {2}. Whoever is one
    step behind finds everybody; what they would write is refused, and before {2} everybody has to have moved on.
    """

    oldest: int
    newest: int
    reads: int

    @property
    def also(self) -> int | None:
        """The other version that is written while two are."""
        return None if self.oldest == self.newest else self.oldest + self.newest - self.reads


ROTATED: tuple[Use, ...] = ("lookup", "seal", "signing")
"""What processes are told of by the database; the others are rotated where they are kept."""


def lookups_of_version(version: int) -> bytes:
    """What every lookup under a version of the key begins with."""
    return version.to_bytes(2, "big")


def version_of(lookup: bytes) -> int:
    """The version of the key that a lookup was made under."""
    return int.from_bytes(lookup[:2], "big")


class Keyring:
    """The keys by their use: find subjects, seal values, make tokens, sign, name subjects to recipients, keep proof.

    Its rings stay the same objects; what they hold follows the key file and the stages that the database tells.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        keys = read_key_file(settings)
        self.seal = Sealer(*_current(keys, "seal"), renew=self._renew)
        self.token = Hasher(*_current(keys, "token"))
        self.signing = Signer(_current(keys, "signing")[0])
        self.claims = Sealer(*_current(keys, "claims"), renew=self._renew)
        self.epochs = Epochs(_held(keys, "epoch"), _current(keys, "epoch")[1])
        self._hold(keys)
        self.stages: Mapping[str, Stage] = {use: Stage(v, v, v) for use in ROTATED for v in [_current(keys, use)[1]]}

    @property
    def stage(self) -> Stage:
        """How far the rotation of the lookup key is."""
        return self.stages["lookup"]

    def follow(self, stages: Mapping[str, Stage]) -> None:
        """Be where the database says that every process is; raises `KeyFileRefused` where the file lacks a key."""
        if stages == self.stages and not self._has_retired():
            return
        keys = read_key_file(self._settings)
        held = {(key.use, key.version) for key in keys}
        needed = {(use, version) for use, stage in stages.items() for version in (stage.oldest, stage.newest)}
        if lacking := sorted(needed - held):
            named = ", ".join(f"{use} {version}" for use, version in lacking)
            raise KeyFileRefused(f"{self._settings.key_file} is older than its database: it lacks {named}; {RESTORE}")
        self._hold(keys)
        self.stages = dict(stages)

    def _has_retired(self) -> bool:
        """Whether it still holds a key that nobody uses, which leaves the key file a little later than its use."""
        return any(key.version < self.stages[key.use].oldest for key in self.known if key.use in self.stages)

    def renew(self) -> None:
        """Read the key file again; raises `KeyFileRefused`, and then all is as before."""
        self._hold(read_key_file(self._settings))

    def _renew(self) -> None:
        with suppress(KeyFileRefused):
            self.renew()

    def _hold(self, keys: Sequence[Key]) -> None:
        self.lookups = {version: Hasher(raw, version) for version, raw in _held(keys, "lookup").items()}
        self.seal.hold(_held(keys, "seal"), _current(keys, "seal")[1])
        self.claims.hold(_held(keys, "claims"), _current(keys, "claims")[1])
        self.recipient = Hasher(*_current(keys, "recipient"))
        self.epochs.hold(_held(keys, "epoch"), _current(keys, "epoch")[1])
        others = [
            k.raw if k.public else public_half(k.raw) for k in keys if k.use == "signing" and k.state != "current"
        ]
        self.signing.hold(_current(keys, "signing")[0], others)
        self.signers = [self.signing, *(Signer(k.raw) for k in keys if k.use == "signing" and k.state == "next")]
        self.fingerprints = frozenset(fingerprint(key) for key in keys if key.state == "current")
        self.known = self.fingerprints | {fingerprint(key) for key in keys if not key.public}


def load_key_file(settings: Settings) -> Keyring:
    """The keys in the key file; raises `KeyFileRefused` for one that is missing, damaged, or readable by others."""
    return Keyring(settings)


def _held(keys: Sequence[Key], use: Use) -> dict[int, bytes]:
    return {key.version: key.raw for key in keys if key.use == use}


def _current(keys: Sequence[Key], use: Use) -> tuple[bytes, int]:
    return next((key.raw, key.version) for key in keys if key.use == use and key.state == "current")


def fingerprint(key: Key) -> Fingerprint:
    """By what a key is known again."""
    mark = Hasher(key.raw).hash(b"fingerprint", key.use.encode())
    return Fingerprint(use=key.use, version=key.version, hash=mark)
