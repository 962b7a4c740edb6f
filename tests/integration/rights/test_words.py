"""The page of the access package has words for everything that it shows."""

import pytest

from service.kernel import datamap
from service.kernel.database import Database
from service.rights.package.insights import MEANINGS
from service.rights.package.preface import LANGUAGES
from service.rights.package.words import words_in


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_personal_column_has_a_label(database_url: str, language: str) -> None:
    """Each table and each personal column of the catalogue has its words in each language, and nothing else has."""
    database = Database(database_url, size=1)
    try:
        tables = [table for table, _ in (await datamap.read(database)).of_subjects()]
    finally:
        await database.close()
    words = words_in(language)
    worked_out = {name: set(table.columns) for name, table in MEANINGS.items()}
    assert words.tables.keys() == {table.name for table in tables} | worked_out.keys()
    assert {name: set(labels) for name, labels in words.columns.items()} == {
        table.name: {table.key} | {column.name for column in table.own} for table in tables
    } | worked_out


def test_the_languages_say_the_same_things() -> None:
    """Whatever the page says in one language it says in the other."""
    one, other = (words_in(language) for language in LANGUAGES)
    assert one.say.keys() == other.say.keys()
    assert (len(one.months), len(other.months)) == (12, 12)
    for name in ("bases", "roles", "transfers", "retention", "facts", "values"):
        assert getattr(one, name).keys() == getattr(other, name).keys()
    assert len(one.logic) == len(other.logic)
