"""Explanations have words for everything that they tell, in each language."""

import re
from typing import Any, get_args

import msgspec
import pytest

from service.decisioning.explanation.model import Change, InputsAre
from service.decisioning.explanation.words import LANGUAGES, Words, words_in
from service.decisioning.model import Mode, Reason, Verdict
from service.policy.model import LegalBasis
from tests.unit.decisioning.offering import SHIPPED

PLACE = re.compile(r"\{(\w+)\}")


def sentences(words: Words) -> dict[str, Any]:
    """Every sentence by where it stands, as the values that it leaves a place for."""
    tables = {name: table for name, table in msgspec.to_builtins(words).items() if isinstance(table, dict)}
    return {f"{name}.{key}": set(PLACE.findall(text)) for name, table in tables.items() for key, text in table.items()}


def test_the_languages_say_the_same_things() -> None:
    """Whatever is told in one language is told in the other, with the same values in it."""
    one, other = (words_in(language) for language in LANGUAGES)
    assert sentences(one) == sentences(other)
    assert len(one.months) == len(other.months) == 12


def values_of(struct: Any, field: str) -> set[str]:
    """The values that a field may have."""
    kind = struct.__annotations__[field]
    return {value for part in get_args(kind) for value in (get_args(part) or (part,))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_sentence_for_everything_that_is_told(language: str) -> None:
    """For each mode, reason, verdict, ranking, basis and change."""
    words = words_in(language)
    assert words.modes.keys() == {mode.value for mode in Mode}
    assert words.reasons.keys() == {reason.value for reason in Reason}
    assert words.verdicts.keys() == {*values_of(Verdict, "verdict"), "not_drawn"}
    assert words.rankings.keys() == {"priority", "weighted", "thompson"}
    assert words.permissions.keys() == {basis.value for basis in LegalBasis} | {"consent-given"}
    assert words.changes.keys() == {*values_of(Change, "kind"), "stage", "then", "none"}
    assert words.inputs.keys() >= set(get_args(InputsAre)) - {"kept"}


def test_the_shop_has_a_title_for_everything_that_is_named() -> None:
    """Every field, and every contact of the default journey, has a title in both languages."""
    journey = SHIPPED.journeys[SHIPPED.default_journey]
    for titled in (*SHIPPED.fields.values(), *journey.rules):
        assert titled.title is not None
        assert titled.title.keys() == set(LANGUAGES)
