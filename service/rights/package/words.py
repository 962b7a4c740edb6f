"""The words of the page in one language."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache

import msgspec
from msgspec import Struct

from service.rights.package import FILES

LANGUAGES = ("en", "it")


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of the page; a table, column or value that has none is shown by its name.

    `facts`: what an entry of the ledger is made of; `values`: what stands in a closed list.
    """

    say: Mapping[str, str]
    logic: tuple[str, ...]
    retention: Mapping[str, str]
    months: tuple[str, ...]
    bases: Mapping[str, str]
    roles: Mapping[str, str]
    transfers: Mapping[str, str]
    facts: Mapping[str, str]
    values: Mapping[str, str]
    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    def table(self, name: str) -> str:
        """The heading of a table."""
        return self.tables.get(name, name)

    def column(self, table: str, name: str) -> str:
        """The label of a column."""
        return self.columns.get(table, {}).get(name, name)

    def time(self, moment: datetime) -> str:
        """A time as it is read."""
        return f"{moment.day} {self.months[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


@cache
def words_in(language: str) -> Words:
    """The words of the page in a language that it is written in."""
    return msgspec.convert(tomllib.loads(FILES.joinpath(f"{language}.toml").read_text(encoding="utf-8")), Words)
