"""What does not fit is told in our own sentences, which never repeat what was sent."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from service.kernel.sentences import OTHERWISE, refusal, sentence

MARKER = "ada.lovelace.marker@example.com"


class Colour(Enum):
    """One of our own lists of values."""

    RED = "red"
    BLUE = "blue"


class Inner(Struct, forbid_unknown_fields=True):
    """A nested object."""

    count: Annotated[int, Meta(ge=1, le=9)]
    shade: Colour | None = None


class Form(Struct, forbid_unknown_fields=True):
    """One field of each kind that bodies have."""

    whole: int = 0
    number: float = 0.0
    text: Annotated[str, Meta(min_length=2, max_length=4)] = "abc"
    pattern: Annotated[str, Meta(pattern="^[a-z]+$")] = "abc"
    truth: bool = False
    many: Annotated[list[str], Meta(min_length=1, max_length=2)] = msgspec.field(default_factory=lambda: ["a"])
    pairs: Annotated[dict[str, int], Meta(max_length=1)] = msgspec.field(default_factory=dict)
    at: Annotated[datetime, Meta(tz=True)] | None = None
    day: date | None = None
    id: UUID | None = None
    colour: Colour = Colour.RED
    colours: dict[str, Colour] = msgspec.field(default_factory=dict)
    all: list[str] | Literal["all"] = "all"
    inner: Inner | None = None
    inners: list[Inner] = msgspec.field(default_factory=list)


NAMES = frozenset(Form.__struct_fields__) | {"count", "shade"}

UNKNOWN_FIELD = "holds a field that is not known here; the reference at /docs lists them"
MISFITS: list[tuple[Any, str, str]] = [
    ({"whole": "5"}, "$.whole", "must be a whole number"),
    ({"whole": 5.5}, "$.whole", "must be a whole number"),
    ({"whole": None}, "$.whole", "must be a whole number"),
    ({"number": "5"}, "$.number", "must be a number"),
    ({"text": 5}, "$.text", "must be text"),
    ({"text": "a"}, "$.text", "must have at least 2 characters"),
    ({"text": MARKER}, "$.text", "must have at most 4 characters"),
    ({"pattern": MARKER}, "$.pattern", "does not have the required pattern"),
    ({"truth": 1}, "$.truth", "must be true or false"),
    ({"many": "a"}, "$.many", "must be a list"),
    ({"many": []}, "$.many", "must have at least 1 items"),
    ({"many": ["a", "b", "c"]}, "$.many", "must have at most 2 items"),
    ({"many": ["a", 5]}, "$.many[1]", "must be text"),
    ({"pairs": {"a": 1, "b": 2}}, "$.pairs", "must have at most 1 members"),
    ({"pairs": {MARKER: "x"}}, "$.pairs[...]", "must be a whole number"),
    ({"pairs": []}, "$.pairs", "must be an object"),
    ({"at": "2026-01-01T00:00:00"}, "$.at", "must be a time with its offset, such as 2026-03-01T00:00:00Z"),
    ({"at": MARKER}, "$.at", "must be a time with its offset, such as 2026-03-01T00:00:00Z"),
    ({"at": 5}, "$.at", "must be an RFC 3339 time or null"),
    ({"day": MARKER}, "$.day", "must be a date such as 2026-03-01"),
    ({"id": MARKER}, "$.id", "must be a UUID"),
    ({"colour": MARKER}, "$.colour", "is not one of the allowed values"),
    ({"all": MARKER}, "$.all", "is not one of the allowed values"),
    ({"inner": {"count": 0}}, "$.inner.count", "must be at least 1"),
    ({"inner": {"count": 10}}, "$.inner.count", "must be at most 9"),
    ({"inner": {}}, "$.inner.count", "is required"),
    ({"inner": 5}, "$.inner", "must be an object or null"),
    ({"inners": [{"count": 1}, {"count": None}]}, "$.inners[1].count", "must be a whole number"),
    ({MARKER: 1}, "$", UNKNOWN_FIELD),
    ({"inner": {"count": 1, MARKER: 1}}, "$.inner", UNKNOWN_FIELD),
    ([], "$", "must be an object"),
]


@pytest.mark.parametrize(("body", "path", "message"), MISFITS, ids=[f"{b!s:.40}" for b, _, _ in MISFITS])
def test_a_misfit_is_told_by_place_and_remedy(body: Any, path: str, message: str) -> None:
    """Each way in which a body can differ from its form has its own sentence, and names the place."""
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(msgspec.json.encode(body), type=Form)
    fault = refusal(str(raised.value), NAMES)
    assert (fault.path, fault.message) == (path, message)


@pytest.mark.parametrize("body", [body for body, _, _ in MISFITS], ids=[f"{b!s:.40}" for b, _, _ in MISFITS])
def test_a_sentence_repeats_nothing_that_was_sent(body: Any) -> None:
    """Neither a value nor the name of an unknown field comes back."""
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(msgspec.json.encode(body), type=Form)
    fault = refusal(str(raised.value), NAMES)
    assert MARKER not in fault.path + fault.message


ALLOWED = [
    ({"colour": MARKER}, "is not one of the allowed values: blue, red"),
    ({"colours": {MARKER: MARKER}}, "is not one of the allowed values: blue, red"),
    ({"inners": [{"count": 1, "shade": MARKER}]}, "is not one of the allowed values: blue, red"),
    ({"all": MARKER}, "is not one of the allowed values"),
]


@pytest.mark.parametrize(("body", "message"), ALLOWED)
def test_allowed_values_are_listed_where_nothing_else_may_stand(body: Any, message: str) -> None:
    """They are ours, and what was sent is not repeated; with a list in their place they would be half the truth."""
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(msgspec.json.encode(body), type=Form)
    assert refusal(str(raised.value), NAMES, msgspec.json.schema(Form)).message == message


def test_a_place_that_our_types_do_not_name_is_left_out() -> None:
    """A library that put a sent key into its path would not get it past us."""
    fault = refusal(f"Expected `int`, got `str` - at `$.pairs.{MARKER}`", NAMES)
    assert (fault.path, fault.message) == ("$", "must be a whole number")


def test_a_text_that_the_table_does_not_know_is_not_shown() -> None:
    """A sentence that a later version of a library may come up with is replaced, not passed on."""
    assert sentence(f"Something new about {MARKER}") == OTHERWISE


def test_a_kind_that_the_table_does_not_know_is_not_shown() -> None:
    """The same for the name of a kind of value."""
    assert sentence("Expected `str | frobnicator`, got `int`") == OTHERWISE


def test_a_key_that_does_not_fit_is_told_as_a_key() -> None:
    """A misfit in the key of an object says so, since the key itself cannot be shown."""
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(b'{"x": 1}', type=dict[Annotated[str, Meta(min_length=2)], int])
    fault = refusal(str(raised.value), frozenset())
    assert fault.message == "a key must have at least 2 characters"
