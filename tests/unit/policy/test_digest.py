"""The digest names exactly what the files say."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from service.policy.load import load, read
from service.policy.model import BundleRefused
from tests.unit.policy.folder import SHIPPED, Folder


def test_the_digest_is_that_of_the_frozen_files(folder: Folder) -> None:
    """Whoever has the frozen bundle can compute its name."""
    assert folder.load().digest == f"sha256:{hashlib.sha256(read(folder.path)[1]).hexdigest()}"


def test_freezing_is_deterministic(folder: Folder, tmp_path: Path) -> None:
    """The same files give the same bytes, wherever they lie and in whatever order they were written."""
    other = tmp_path / "other"
    for file in sorted(folder.path.rglob("*"), reverse=True):
        if file.is_file():
            (other / file.relative_to(folder.path)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, other / file.relative_to(folder.path))
    assert read(other)[1] == read(folder.path)[1]
    assert load(other).digest == folder.load().digest


def test_the_frozen_bundle_holds_every_file_whole(folder: Folder) -> None:
    """Nothing that was in force is lost: the files can be written out again."""
    frozen = json.loads(read(folder.path)[1])
    files = {path.relative_to(SHIPPED).as_posix(): path for path in SHIPPED.rglob("*") if path.is_file()}
    assert frozen == {name: path.read_bytes().decode() for name, path in files.items()}


@pytest.mark.parametrize("file", sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.*")))
def test_any_byte_of_any_file_changes_the_digest(folder: Folder, file: str) -> None:
    """Even a line end that no reader sees."""
    before = folder.load().digest
    folder.add(file, "\n")
    assert folder.load().digest != before


def test_a_file_of_another_name_changes_the_digest(folder: Folder) -> None:
    """The place of a file is part of what it says."""
    before = folder.load().digest
    (folder.path / "offers" / "do.toml").rename(folder.path / "offers" / "decide.toml")
    assert folder.load().digest != before


def test_what_cannot_be_read_cannot_be_frozen(folder: Folder) -> None:
    """A digest never stands for less than the folder holds."""
    folder.write("offers/do.toml", b"\xff")
    with pytest.raises(BundleRefused):
        read(folder.path)[1]
