"""Where the root key is kept: a file of its own, or the environment. It wraps the other keys, and does nothing else.

A store of another kind (an HSM, a KMS) is another class with these methods.
"""

from pathlib import Path
from typing import Protocol

from service.kernel.crypto import KEY_BYTES, from_text, random_key, to_text
from service.settings import Secret, Settings
from service.subjects import private
from service.subjects.private import KeyFileRefused


class RootKey(Protocol):
    """The root key of a deployment, and while it is being changed the next one."""

    def read(self) -> list[bytes]:
        """The root key, and the next one if there is one; raises `KeyFileRefused` where there is none."""
        ...

    def make(self) -> bytes:
        """The root key, made where there is none yet; raises `KeyFileRefused`."""
        ...

    def next(self) -> bytes:
        """The key that a rotation changes to, the same one until `turn`; raises `KeyFileRefused`."""
        ...

    def turn(self) -> str:
        """Let the next key be the root key; returns what is left to do for the operator."""
        ...


def root_key_of(settings: Settings) -> RootKey:
    """The place that the settings name; raises `KeyFileRefused` when they name none, or two."""
    file = settings.root_file
    if settings.root_key is not None and settings.root_key_file is not None:
        raise KeyFileRefused("PLACET_ROOT_KEY and PLACET_ROOT_KEY_FILE are both set; leave one out")
    if settings.root_key is not None:
        return InEnvironment(settings.root_key, settings.next_root_key)
    if file is None:
        raise KeyFileRefused(
            "the root key is missing: set PLACET_ROOT_KEY_FILE to a file on another volume than the key file, or "
            "PLACET_ROOT_KEY (docs/operating-keys.md)"
        )
    return InFile(file)


class InFile:
    """A file that holds the root key alone, in base64url; the next one stands beside it until its turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = path.with_name(f"{path.name}.next")

    def read(self) -> list[bytes]:
        """The keys of both files."""
        return [self._key(path) for path in (self._path, self._next) if path == self._path or path.exists()]

    def make(self) -> bytes:
        """The key of the file, written first where there is none."""
        if not self._path.exists():
            private.make_folder(self._path)
            private.write(self._path, to_text(random_key()).encode())
        return self._key(self._path)

    def next(self) -> bytes:
        """The key of the file beside it, written first where there is none."""
        if not self._next.exists():
            private.write(self._next, to_text(random_key()).encode())
        return self._key(self._next)

    def turn(self) -> str:
        """Put the next key in the place of the old one, which is gone then."""
        if self._next.exists():
            private.move(self._next, self._path)
        return f"Keep a copy of {self._path} apart from the key file's, and destroy the copies of the old one."

    def _key(self, path: Path) -> bytes:
        remedy = "restore the copy of the root key that was kept: PLACET_ROOT_KEY_FILE names its file"
        return _whole(private.read(path, remedy).decode(errors="replace"), str(path))


class InEnvironment:
    """A root key that whoever starts the process gives it; the next one is given beside it for its change."""

    def __init__(self, key: Secret, following: Secret | None) -> None:
        self._key = _whole(key.reveal, "PLACET_ROOT_KEY")
        self._next = _whole(following.reveal, "PLACET_NEXT_ROOT_KEY") if following else None

    def read(self) -> list[bytes]:
        """What was given."""
        return [self._key, *([self._next] if self._next else [])]

    def make(self) -> bytes:
        """What was given: it is made elsewhere."""
        return self._key

    def next(self) -> bytes:
        """What was given as the next one."""
        if self._next is None:
            raise KeyFileRefused(
                "PLACET_NEXT_ROOT_KEY is not set: give it a new key, 32 random bytes in base64url, here and to every "
                "serving process, and run this again"
            )
        return self._next

    def turn(self) -> str:
        """Only who gave the key can take it back."""
        return "Set PLACET_ROOT_KEY to the value of PLACET_NEXT_ROOT_KEY everywhere, and unset that one."


def _whole(text: str, where: str) -> bytes:
    try:
        key = from_text(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileRefused(
            f"{where} is not a root key: it must hold {KEY_BYTES} random bytes in base64url, 43 letters"
        )
    return key
