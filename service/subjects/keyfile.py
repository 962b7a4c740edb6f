"""The key file, format `placet-keys-2`: every key of a deployment but the root key, which wraps them (RFC 5649).

What it is to lose or copy it: docs/operating-keys.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.kernel.clock import system_now
from service.kernel.crypto import (
    KEY_BYTES,
    Hasher,
    KeyUnusable,
    framed,
    from_text,
    public_half,
    random_key,
    to_text,
    unwrap_key,
    wrap_key,
)
from service.settings import Settings
from service.subjects import private
from service.subjects.private import KeyFileRefused
from service.subjects.rootkey import RootKey, root_key_of

Use = Literal["lookup", "seal", "token", "signing", "recipient", "claims", "epoch"]
USES: tuple[Use, ...] = get_args(Use)
State = Literal["next", "current", "old"]
"""A key that is not written with yet, the one that is, and one that is only read with."""
MAKE = "make one with `placet keys init`, or restore the copy that was kept"
RESTORE = "restore the copy that was kept (docs/operating-keys.md)"


class Key(Struct, frozen=True):
    """One key in clear. Of an old signing key the public half alone is kept, which is as long."""

    use: Use
    version: int
    state: State
    created_at: datetime
    raw: bytes

    @property
    def public(self) -> bool:
        """Whether it is no secret."""
        return self.use == "signing" and self.state == "old"

    def __repr__(self) -> str:
        return f"Key({self.use} {self.version}, {self.state})"


class _Wrapped(Struct, frozen=True, forbid_unknown_fields=True):
    use: Use
    version: int
    state: State
    created_at: datetime
    wrapped: str


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """`root`: by what the root key that wraps the keys is known again."""

    format: Literal["placet-keys-2"]
    root: str
    keys: tuple[_Wrapped, ...]


class _OldKey(Struct, frozen=True, forbid_unknown_fields=True):
    use: Literal["lookup", "seal", "token", "signing"]
    version: int
    key: str


class _OldFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The format of 0.1, which held the keys in clear."""

    format: Literal["placet-keys-1"]
    keys: tuple[_OldKey, ...]


def create_key_file(settings: Settings) -> None:
    """Write new random keys, and a root key where there is none; never overwrites a key file.

    Raises `KeyFileRefused`, as everything here.
    """
    path = settings.key_file
    private.make_folder(path)
    with private.locked(path):
        if path.exists():
            raise KeyFileRefused(f"{path} exists already; a key file is never overwritten")
        root = root_key_of(settings).make()
        _write(path, root, [new_key(use) for use in USES])


def read_key_file(settings: Settings) -> list[Key]:
    """Every key of the key file, unwrapped."""
    path = settings.key_file
    content = private.read(path, MAKE)
    try:
        file = msgspec.json.decode(content, type=_File)
    except ValueError as error:
        raise _unreadable(path, content) from error
    root = _root_of(path, file, root_key_of(settings))
    keys = [_unwrapped(path, root, key) for key in file.keys]
    currents = Counter(key.use for key in keys if key.state == "current")
    if wrong := [use for use in USES if currents[use] != 1] or [u for u, n in _versions(keys).items() if n > 1]:
        raise KeyFileRefused(f"{path} lacks a whole key for: {', '.join(wrong)}; {RESTORE}")
    return keys


def change_key_file(settings: Settings, keys: Sequence[Key]) -> None:
    """Replace the keys in the file by these, in one step. The caller holds the file's lock."""
    root = root_key_of(settings)
    file = msgspec.json.decode(private.read(settings.key_file, MAKE), type=_File)
    _write(settings.key_file, _root_of(settings.key_file, file, root), keys)


def rotate_root_key(settings: Settings) -> str:
    """Wrap the keys under the next root key, and make that the root key; the keys themselves stay.

    Killed in between, it goes on when run again. Returns what is left to do for the operator.
    """
    root = root_key_of(settings)
    with private.locked(settings.key_file):
        following = root.next()
        _write(settings.key_file, following, read_key_file(settings))
        return root.turn()


def upgrade_key_file(settings: Settings) -> bool:
    """Wrap the keys of a file of 0.1, and add those that it lacks; returns whether it was one. No key changes."""
    path = settings.key_file
    with private.locked(path):
        content = private.read(path, MAKE)
        try:
            old = msgspec.json.decode(content, type=_OldFile)
            kept = {key.use: replace(new_key(key.use), version=key.version, raw=from_text(key.key)) for key in old.keys}
        except ValueError:
            return False
        if lacking := {"lookup", "seal", "token", "signing"} - {u for u, k in kept.items() if len(k.raw) == KEY_BYTES}:
            raise KeyFileRefused(f"{path} lacks a whole key for: {', '.join(sorted(lacking))}; {RESTORE}")
        _write(path, root_key_of(settings).make(), [kept.get(use) or new_key(use) for use in USES])
    return True


def new_key(use: Use, version: int = 1, state: State = "current") -> Key:
    """A new random key."""
    return Key(use=use, version=version, state=state, created_at=system_now(), raw=random_key())


def with_next(keys: Sequence[Key], use: Use) -> list[Key]:
    """The keys with one that comes after the current one of a use; unchanged where there is one already."""
    if any(key.use == use and key.state == "next" for key in keys):
        return list(keys)
    newest = max(key.version for key in keys if key.use == use)
    return [*keys, new_key(use, newest + 1, "next")]


def turned(keys: Sequence[Key], use: Use) -> list[Key]:
    """The keys with the next one of a use as the current one; of an old signing key the public half is left."""
    if not any(key.use == use and key.state == "next" for key in keys):
        return list(keys)
    return [_turned(key) if key.use == use else key for key in keys]


def _turned(key: Key) -> Key:
    if key.state == "next":
        return replace(key, state="current")
    if key.use == "signing" and key.state == "current":
        return replace(key, state="old", raw=public_half(key.raw))
    return replace(key, state="old")


def without_old(keys: Sequence[Key], use: Use) -> list[Key]:
    """The keys without the old ones of a use."""
    return [key for key in keys if key.use != use or key.state != "old"]


def _write(path: Path, root: bytes, keys: Sequence[Key]) -> None:
    file = _File(format="placet-keys-2", root=_mark(root), keys=tuple(_wrapped(root, key) for key in keys))
    private.write(path, msgspec.json.format(msgspec.json.encode(file)))


def _wrapped(root: bytes, key: Key) -> _Wrapped:
    """What a key is for, and its version, are wrapped with it, so that no two can be exchanged in the file."""
    wrapped = to_text(wrap_key(root, _label(key.use, key.version) + key.raw))
    return _Wrapped(key.use, key.version, key.state, key.created_at, wrapped)


def _unwrapped(path: Path, root: bytes, key: _Wrapped) -> Key:
    raw, label = b"", _label(key.use, key.version)
    with suppress(KeyUnusable, ValueError):
        raw = unwrap_key(root, from_text(key.wrapped))
    if not raw.startswith(label) or len(raw) != len(label) + KEY_BYTES:
        raise KeyFileRefused(f"{path} was changed: its key {key.use} {key.version} does not unwrap; {RESTORE}")
    return Key(key.use, key.version, key.state, key.created_at, raw.removeprefix(label))


def _label(use: Use, version: int) -> bytes:
    return framed(use.encode(), version.to_bytes(2, "big"))


def _mark(root: bytes) -> str:
    """By what a root key is known again; it tells nothing of the key."""
    return to_text(Hasher(root).hash(b"fingerprint", b"root"))


def _root_of(path: Path, file: _File, root: RootKey) -> bytes:
    for key in root.read():
        if _mark(key) == file.root:
            return key
    raise KeyFileRefused(f"the root key is not that of {path}; restore the one that was kept with it, or name its file")


def _versions(keys: Sequence[Key]) -> Mapping[str, int]:
    """How often a use and version stand in the file."""
    return Counter(f"{key.use} {key.version}" for key in keys)


def _unreadable(path: Path, content: bytes) -> KeyFileRefused:
    try:
        msgspec.json.decode(content, type=_OldFile)
    except ValueError:
        return KeyFileRefused(f"{path} is not a key file of this service, or was cut off; {RESTORE}")
    return KeyFileRefused(f"{path} is of version 0.1, which kept keys in clear; run `placet keys upgrade` once")
