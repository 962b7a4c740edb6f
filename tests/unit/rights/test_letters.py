"""What people are told: whole sentences in their language, with nothing of anybody's read as a template."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from msgspec.structs import replace

from service.policy.load import load
from service.rights.letters.model import Facts, Kind
from service.rights.letters.words import LANGUAGES, spoken, words_in, written
from service.rights.model import Refusal, Right, RightsRequest, State
from tests.architecture.documents import ROOT

BUNDLE = load(ROOT / "policies")
AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
FACTS = Facts(code="12345678", reason="Because {code} & <script> =cmd()", link="https://placet.example/x", at=AT)


def request(right: Right = Right.ACCESS, language: str = "en", refusal: Refusal | None = None) -> RightsRequest:
    """A request of somebody."""
    return RightsRequest(
        request_id=uuid4(),
        right=right,
        state=State.OPEN,
        language=language,
        lookups=(),
        filed_by="",
        received_at=AT,
        due_at=datetime(2026, 4, 2, 10, tzinfo=UTC),
        verified_by=None,
        verified_at=None,
        completed_at=None,
        certificate=None,
        approved_by=(),
        refusal=refusal,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("right", Right)
def test_every_letter_is_whole(language: str, kind: Kind, right: Right) -> None:
    """Each kind of letter about each right names the controller and how to reach them, and has no gap or brace."""
    subject, text = written(request(right, language), kind, replace(FACTS, reason="Because."), BUNDLE)
    assert subject == " ".join(subject.split())
    assert not re.search(r"[{}]|\n\n\n|  ", text)
    assert BUNDLE.controller.name in text
    assert BUNDLE.controller.rights_contact in text
    assert text.endswith("\n")


@pytest.mark.rule("R3")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_gives_its_reason_and_the_ways_to_complain(language: str, refusal: Refusal) -> None:
    """A refusal gives its reason, what the officer wrote, and the ways to complain: to the authority and to a court."""
    _, text = written(request(Right.ERASURE, language, refusal), Kind.REFUSED, FACTS, BUNDLE)
    words = words_in(language)
    assert words.refusals[refusal.value] in text
    assert FACTS.reason in text
    assert BUNDLE.controller.authority in text
    assert {"en": "court", "it": "giudice"}[language] in text


def test_the_languages_say_the_same_things() -> None:
    """Whatever a letter says in one language it says in the other; one that nobody wrote is English."""
    one, other = (words_in(language) for language in LANGUAGES)
    for name in ("rights", "subjects", "texts", "done", "refusals"):
        assert getattr(one, name).keys() == getattr(other, name).keys()
    assert (len(one.months), len(other.months)) == (12, 12)
    assert set(one.rights) == set(one.done) == {right.value for right in Right}
    assert set(one.texts) == set(one.subjects) == {kind.value for kind in Kind}
    assert set(one.refusals) == {refusal.value for refusal in Refusal}
    assert [spoken(tag) for tag in ("it", "it-IT", "en-GB", "de")] == ["it", "it", "en", "en"]


def test_times_are_those_of_the_clock_on_the_wall() -> None:
    """When a code ends is told in the time zone of the shop."""
    _, text = written(request(language="it"), Kind.CODE, FACTS, BUNDLE)
    assert "fino al 3 marzo 2026 alle 00:30" in text
    assert "12345678" in text
