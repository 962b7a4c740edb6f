"""The words of explanations, in Italian and English: each sentence stands whole in a file of its language."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache

import msgspec
from msgspec import Struct

from service.decisioning.explanation import FILES
from service.decisioning.explanation.model import Plain

LANGUAGES = ("en", "it")


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The sentences of one language, by what they are about."""

    months: tuple[str, ...]
    values: Mapping[str, str]
    say: Mapping[str, str]
    modes: Mapping[str, str]
    reasons: Mapping[str, str]
    inputs: Mapping[str, str]
    suits: Mapping[str, str]
    permissions: Mapping[str, str]
    verdicts: Mapping[str, str]
    rankings: Mapping[str, str]
    changes: Mapping[str, str]
    no: Mapping[str, str]

    def day(self, moment: date) -> str:
        """A date as it is read."""
        return f"{moment.day} {self.months[moment.month - 1]} {moment.year}"

    def quoted(self, text: str) -> str:
        """A title, told apart from the sentence around it."""
        return self.values["quoted"].format(text=text)

    def value(self, value: Plain) -> str:
        """A value as it is read."""
        if value is None:
            return self.values["unknown"]
        if isinstance(value, bool):
            return self.values["yes" if value else "no"]
        return f"{value:g}" if isinstance(value, int | float) else self.quoted(value)


@cache
def words_in(language: str) -> Words:
    """The words of a language in which explanations are written."""
    return msgspec.convert(tomllib.loads(FILES.joinpath(f"{language}.toml").read_text(encoding="utf-8")), Words)
