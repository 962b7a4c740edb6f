"""The keys of this deployment, at work: one ring for each use, which a rotation turns while the service runs."""

from collections.abc import Mapping

from msgspec import Struct

from service.kernel.crypto import Hasher, KeyUnusable, Sealer, Signer, unwrap_key, wrap_key
from service.settings import Settings
from service.subjects.keyfile import Key, Use, read_key_file


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


class Keyring:
    """The keys by their use: find subjects, seal values, make tokens, sign, name subjects to recipients, keep proof.

    Whoever holds one of its rings has what the key file holds, as of the last `renew`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        keys = read_key_file(settings)
        self.lookup = Hasher(*_current(keys, "lookup"))
        self.seal = Sealer(*_current(keys, "seal"))
        self.token = Hasher(*_current(keys, "token"))
        self.signing = Signer(_current(keys, "signing")[0])
        self.recipient = Hasher(*_current(keys, "recipient"))
        self.claims = Sealer(*_current(keys, "claims"))
        self.epochs = Epochs(_held(keys, "epoch"), _current(keys, "epoch")[1])
        self._hold(keys)

    def renew(self) -> None:
        """Read the key file again; raises `KeyFileRefused`, and then everything is as before."""
        self._hold(read_key_file(self._settings))

    def _hold(self, keys: list[Key]) -> None:
        self.seal.hold(_held(keys, "seal"), _current(keys, "seal")[1])
        self.claims.hold(_held(keys, "claims"), _current(keys, "claims")[1])
        self.epochs.hold(_held(keys, "epoch"), _current(keys, "epoch")[1])
        self.fingerprints = frozenset(_fingerprint(key) for key in keys if not key.public)


def load_key_file(settings: Settings) -> Keyring:
    """The keys in the key file; raises `KeyFileRefused` for one that is missing, damaged, or readable by others."""
    return Keyring(settings)


def _held(keys: list[Key], use: Use) -> dict[int, bytes]:
    return {key.version: key.raw for key in keys if key.use == use}


def _current(keys: list[Key], use: Use) -> tuple[bytes, int]:
    return next((key.raw, key.version) for key in keys if key.use == use and key.state == "current")


def _fingerprint(key: Key) -> Fingerprint:
    mark = Hasher(key.raw).hash(b"fingerprint", key.use.encode())
    return Fingerprint(use=key.use, version=key.version, hash=mark)
