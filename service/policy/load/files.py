"""The files of a bundle as text: nothing outside its folder, nothing huge, nothing that is not UTF-8."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

import rfc8785

from service.policy.load.mistakes import WHOLE, Mistakes, key_path

LARGEST_FILE = 1024 * 1024
"""Bytes that one file may have."""
DEEPEST_FOLDER = 3
"""Parts that a path inside the folder may have, as notices/shop/1.0.it.md."""
FOLDER = "folder"

_NAME = re.compile(r"[A-Za-z0-9._-]+")

Files = dict[str, str]
"""The text of each file, by its path inside the folder."""


def read_files(folder: Path, mistakes: Mistakes) -> Files:
    """Every file of the folder but hidden ones; what cannot be read is noted and left out."""
    if not _is_folder(folder):
        mistakes.add(".", FOLDER, "there is no such folder; PLACET_POLICIES_DIR names the one to use")
        return {}
    root = folder.resolve()
    files: Files = {}
    empty = True
    for path in _walk(root, root, mistakes):
        empty = False
        name = path.relative_to(root).as_posix()
        if (text := _text(path, root, name, mistakes)) is not None:
            files[name] = text
    if empty:
        mistakes.add(".", FOLDER, "the folder is empty; copy the example shop from policies/ and change it")
    return files


def frozen(files: Files) -> bytes:
    """All files as one canonical JSON document (RFC 8785): the same files give the same bytes."""
    return rfc8785.dumps(dict(files))


def _is_folder(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a folder on the way to it may not be entered
        return False


def _walk(root: Path, folder: Path, mistakes: Mistakes) -> Iterator[Path]:
    place = folder.relative_to(root).as_posix()
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        mistakes.add(place, FOLDER, "this folder cannot be opened; give the service the right to read it")
        return
    for entry in entries:
        path = folder / entry.name
        name = path.relative_to(root).as_posix()
        if entry.name.startswith("."):
            continue
        if not _NAME.fullmatch(entry.name):
            odd = key_path("", entry.name)
            mistakes.add(place, odd, "this name cannot be used; use letters, digits, '.', - and _")
        elif not _is_folder(path):
            yield path
        elif path.is_symlink():
            mistakes.add(name, FOLDER, "a linked folder is not followed; put the folder itself here")
        elif len(path.relative_to(root).parts) >= DEEPEST_FOLDER:
            mistakes.add(name, FOLDER, "a bundle has no folder here; the deepest is notices/<id>")
        else:
            yield from _walk(root, path, mistakes)


def _text(path: Path, root: Path, name: str, mistakes: Mistakes) -> str | None:
    content = _content(path, root)
    if isinstance(content, str):
        mistakes.add_unusable(name, WHOLE, content)
        return None
    if content.startswith(b"\xef\xbb\xbf"):
        mistakes.add_unusable(name, "line 1", "the file starts with a byte order mark; save it as UTF-8 without one")
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistakes.add_unusable(name, f"line {line}", "this is not UTF-8; save the file in that encoding")
        return None


def _content(path: Path, root: Path) -> bytes | str:
    """The bytes of a file, or in words why they cannot be had."""
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            return "the link leads out of the folder; put the file itself here"
        # not blocking: a pipe put here would otherwise hold the service for ever
        with os.fdopen(os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                return "this is not a file; a bundle holds files only"
            content = file.read(LARGEST_FILE + 1)
    except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself
        return "the file cannot be read; look at its permissions and where it leads"
    if len(content) > LARGEST_FILE:
        return "the file is larger than 1 MiB; split it, or keep what is no policy elsewhere"
    return content
