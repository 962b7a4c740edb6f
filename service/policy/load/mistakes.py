"""The mistakes of one bundle, gathered so that all can be told at once."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches

from service.policy.model import BundleRefused, Mistake

WHOLE = "whole file"
"""The path of a mistake that is about a file and not about a place in it."""

_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")
_LONGEST_QUOTED = 60
_MOST_SHOWN = 12


class Mistakes:
    """Gathers mistakes. What follows from one that is known already would be noise, and is left out."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}
        self._unusable: set[str] = set()

    def add(self, file: str, path: str, message: str) -> None:
        """Note what is wrong at a place, unless something is already known to be wrong there or around it."""
        if not self.spoiled(file, path):
            self.add_further(file, path, message)

    def add_further(self, file: str, path: str, message: str) -> None:
        """Note what is wrong at a place whatever else is wrong there."""
        self._found.setdefault((file, path), []).append(message)

    def add_unusable(self, file: str, path: str, message: str) -> None:
        """Note what makes nothing of a file usable."""
        self.add(file, path, message)
        self._unusable.add(file)

    def unusable_in(self, folder: str) -> bool:
        """Whether nothing of some file in a folder is usable, so that what it would have held is not known."""
        return any(file.startswith(folder) for file in self._unusable)

    def spoiled(self, file: str, path: str = WHOLE) -> bool:
        """Whether something is known to be wrong with this place, or with what it is part of."""
        around = (path, *(path[: mark.start()] for mark in re.finditer(r"[.\[]", path)))
        return file in self._unusable or any((file, place) in self._found for place in around)

    def touched(self, file: str, path: str) -> bool:
        """Whether something is known to be wrong with this place, what it is part of, or what is part of it."""
        return self.spoiled(file, path) or any(
            at == file and place.startswith((f"{path}.", f"{path}[")) for at, place in self._found
        )

    def refuse_any(self) -> None:
        """Raise `BundleRefused` with everything noted, in order of file and path; nothing noted, nothing raised."""
        if self._found:
            places = sorted(self._found.items())
            raise BundleRefused([Mistake(*place, message) for place, messages in places for message in messages])


def key_path(path: str, key: str) -> str:
    """The path of a key below another path; a key of unusual form is quoted."""
    shown = key if _BARE.fullmatch(key) else json.dumps(key[:_LONGEST_QUOTED])
    return f"{path}.{shown}" if path else shown


def hint(name: str, known: Iterable[str]) -> str:
    """What was probably meant, else what there is to choose from."""
    names = sorted(known)
    if near := get_close_matches(name, names, 1):
        return f"did you mean {near[0]}?"
    shown = [*names[:_MOST_SHOWN], "…"] if len(names) > _MOST_SHOWN else names
    return f"there are: {', '.join(shown)}" if shown else "there are none"
