"""The keys of this deployment, from one key file. What it is to lose or copy it: docs/operating-keys.md."""

import os
import stat
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from service.kernel.crypto import KEY_BYTES, Hasher, Sealer, Signer, from_text, random_key, to_text

Use = Literal["lookup", "seal", "token", "signing"]
USES: tuple[Use, ...] = ("lookup", "seal", "token", "signing")


class KeyFileRefused(Exception):
    """The key file cannot be used; the message says why and what to do."""


class _Key(Struct, frozen=True, forbid_unknown_fields=True):
    use: Use
    version: int
    key: str


class _KeyFile(Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["placet-keys-1"]
    keys: tuple[_Key, ...]


class Fingerprint(Struct, frozen=True):
    """By what a key is known again; it tells nothing of the key."""

    use: Use
    version: int
    hash: bytes


class Keyring(Struct, frozen=True):
    """One key per use: finding subjects, sealing values, tokens of our own, signing documents."""

    lookup: Hasher
    seal: Sealer
    token: Hasher
    signing: Signer
    fingerprints: frozenset[Fingerprint]


def create_key_file(path: Path) -> None:
    """Write new random keys to `path`, readable by the owner alone; never overwrites a key file."""
    keys = tuple(_Key(use=use, version=1, key=to_text(random_key())) for use in USES)
    content = msgspec.json.format(msgspec.json.encode(_KeyFile(format="placet-keys-1", keys=keys)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
    except FileExistsError as error:
        raise KeyFileRefused(f"{path} exists already; a key file is never overwritten") from error
    except OSError as error:
        reason = f"{path} cannot be written ({error.strerror}); PLACET_DATA_DIR names its folder"
        raise KeyFileRefused(reason) from error


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none, where there was none."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(part)
    finally:
        part.unlink()


def load_key_file(path: Path) -> Keyring:
    """The keys in `path`; raises `KeyFileRefused` for a file that is missing, damaged or readable by others."""
    try:
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be read; make one with `placet keys init` or restore it") from error
    if mode & 0o077:
        raise KeyFileRefused(f"{path} can be read by others (mode {mode:o}); run `chmod 600` on it")
    try:
        file = msgspec.json.decode(content, type=_KeyFile)
        keys = {key.use: (from_text(key.key), key.version) for key in file.keys}
    except ValueError as error:
        raise KeyFileRefused(f"{path} is not a key file of this service, or was cut off; restore its copy") from error
    if missing := [use for use in USES if len(keys.get(use, (b"", 0))[0]) != KEY_BYTES]:
        raise KeyFileRefused(f"{path} lacks a whole key for: {', '.join(missing)}; restore its copy")
    return Keyring(
        lookup=Hasher(*keys["lookup"]),
        seal=Sealer(*keys["seal"]),
        token=Hasher(*keys["token"]),
        signing=Signer(keys["signing"][0]),
        fingerprints=frozenset(_fingerprint(use, *keys[use]) for use in USES),
    )


def _fingerprint(use: Use, key: bytes, version: int) -> Fingerprint:
    return Fingerprint(use=use, version=version, hash=Hasher(key).hash(b"fingerprint", use.encode()))
