"""A copy of the bundle that ships, to break in one place."""

import shutil
from pathlib import Path

import msgspec
from msgspec import Struct

from service.policy.load import load
from service.policy.model import Bundle, BundleRefused
from tests.conftest import ROOT

SHIPPED = ROOT / "policies"

Told = list[tuple[str, str, str]]
"""Mistakes as file, path and message."""


class Folder:
    """A folder of policies that a test may change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(SHIPPED, path)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one place in a file that says `old`, or the first of them."""
        text = (self.path / file).read_text()
        assert old in text, f"{file} no longer says {old!r}"
        self.write(file, text.replace(old, new, 1))

    def add(self, file: str, text: str) -> None:
        """Write more at the end of a file."""
        self.write(file, (self.path / file).read_text() + text)

    def write(self, file: str, content: str | bytes) -> None:
        """Write a file anew."""
        (self.path / file).parent.mkdir(parents=True, exist_ok=True)
        (self.path / file).write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, file: str) -> None:
        """Take a file away."""
        (self.path / file).unlink()

    def load(self) -> Bundle:
        """The bundle that the folder holds."""
        return load(self.path)

    def mistakes(self) -> Told:
        """What is wrong with the folder; nothing for a good one."""
        try:
            self.load()
        except BundleRefused as refused:
            return [(mistake.file, mistake.path, mistake.message) for mistake in refused.faults]
        return []


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One way to break the bundle, and the one mistake that it makes: `told` is part of the message."""

    name: str
    file: str
    old: str
    new: str
    path: str
    told: str
    at: str | None = None

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    @property
    def place(self) -> tuple[str, str]:
        """The file and the path at which the mistake is told."""
        return self.at or self.file, self.path


def cases(file: str) -> list[Case]:
    """The cases that a file beside this one lists."""
    content = (Path(__file__).parent / file).read_bytes()
    return msgspec.toml.decode(content, type=dict[str, list[Case]])["case"]
