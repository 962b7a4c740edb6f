"""From the folder of policies to a bundle: read, check, freeze. Every mistake is told at once."""

import hashlib
from pathlib import Path

import msgspec

from service.policy.load.build import build
from service.policy.load.check import check
from service.policy.load.collect import collect
from service.policy.load.files import Files, frozen, read_files
from service.policy.load.mistakes import Mistakes
from service.policy.model import Bundle

__all__ = ["load", "read", "reopened", "thawed", "unchanged"]


def load(folder: Path) -> Bundle:
    """The bundle that a folder holds; raises `BundleRefused` with every mistake in it."""
    return read(folder)[0]


def read(folder: Path) -> tuple[Bundle, bytes]:
    """The bundle, and from the same reading all its files as canonical JSON, which is what its digest names."""
    mistakes = Mistakes()
    files = read_files(folder, mistakes)
    if not files:
        mistakes.refuse_any()
    content = frozen(files)
    return _built(files, content, mistakes), content


def unchanged(folder: Path, content: bytes) -> bool:
    """Whether a folder still holds exactly what was read from it: whoever is changing it may not be done yet."""
    return frozen(read_files(folder, Mistakes())) == content


def reopened(content: bytes) -> Bundle:
    """A bundle that another process activated, from its frozen content, checked as its folder was.

    Raises `BundleRefused` where this version of the service does not understand all of it.
    """
    return _built(msgspec.json.decode(content, type=Files), content, Mistakes())


def thawed(content: bytes) -> Bundle:
    """A bundle again from its frozen content.

    It was good when it was activated: what has become a mistake since takes away nothing of what it said then.
    """
    mistakes = Mistakes()
    forms = collect(msgspec.json.decode(content, type=dict[str, str]), mistakes)
    return build(forms, check(forms, mistakes), _digest(content))


def _built(files: Files, content: bytes, mistakes: Mistakes) -> Bundle:
    forms = collect(files, mistakes)
    rules = check(forms, mistakes)
    mistakes.refuse_any()
    return build(forms, rules, _digest(content))


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
