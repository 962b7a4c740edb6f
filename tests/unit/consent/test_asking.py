"""Who must be asked when one bundle takes the place of another: what the checks will say, told before."""

from typing import Any

import pytest
from msgspec.structs import replace

from service.consent.asking.model import Concerned, Group, Standings
from service.consent.asking.rules import effects
from service.consent.model import Status
from service.policy.load import load
from service.policy.model import Bundle, LegalBasis
from service.policy.notice import Notice
from tests.conftest import ROOT

SHOP = load(ROOT / "policies")
COUNTS = Standings(
    people=100,
    groups=(
        Group("analytics", Status.GIVEN, "shop", "1.0", 40),
        Group("analytics", Status.GIVEN, "shop", "0.9", 3),
        Group("analytics", Status.REFUSED, "shop", "1.0", 20),
        Group("analytics", Status.WITHDRAWN, "shop", "1.0", 5),
        Group("personalization", Status.GIVEN, "shop", "1.0", 70),
    ),
)


def with_purpose(bundle: Bundle, **changes: Any) -> Bundle:
    """The bundle with another analytics."""
    return replace(bundle, purposes=bundle.purposes | {"analytics": replace(bundle.purposes["analytics"], **changes)})


def with_version(bundle: Bundle, version: str, *changes: str) -> Bundle:
    """The bundle with one more version of its notice."""
    major, minor = map(int, version.split("."))
    text = bundle.notices["shop"][0]
    more = replace(text, version=version, major=major, minor=minor, changes=changes)
    return replace(bundle, notices={"shop": (*bundle.notices["shop"], more)})


def told(old: Bundle, new: Bundle) -> list[tuple[str, str, int | None]]:
    """What the change does."""
    return [(one.purpose, one.effect, one.people) for one in effects(old, new, COUNTS)]


def test_the_same_bundle_concerns_nobody() -> None:
    """Nothing is asked again where nothing changes."""
    assert told(SHOP, SHOP) == []


def test_a_major_version_asks_whoever_said_yes_to_what_it_changes() -> None:
    """The purposes that it names, and of these the people whose yes held until now (C6)."""
    new = with_version(SHOP, "2.0", "analytics")
    assert told(SHOP, new) == [("analytics", "ask_again", 40)]
    assert told(SHOP, with_version(SHOP, "1.1")) == []
    assert told(new, with_version(new, "2.1")) == []


def test_a_purpose_that_a_new_version_drops_asks_again_too() -> None:
    """A text that no longer names a purpose carries no yes to it."""
    new = with_version(SHOP, "2.0", "model_training")
    (*texts, last) = new.notices["shop"]
    dropped: Notice = replace(last, purposes=("service", "personalization", "marketing_email", "model_training"))
    assert ("analytics", "ask_again", 40) in told(SHOP, replace(new, notices={"shop": (*texts, dropped)}))


def test_a_basis_that_becomes_consent_asks_everybody_who_has_not_said_yes() -> None:
    """Nobody said yes to what needed none."""
    old = with_purpose(SHOP, legal_basis=LegalBasis.LEGITIMATE_INTEREST)
    assert told(old, SHOP) == [("analytics", "ask", 60)]


def test_a_basis_that_was_consent_keeps_every_no() -> None:
    """A refusal and a withdrawal outlive the change (C18)."""
    new = with_purpose(SHOP, legal_basis=LegalBasis.LEGITIMATE_INTEREST)
    assert told(SHOP, new) == [("analytics", "no_stays", 25)]


def test_another_processing_without_a_new_version_is_told() -> None:
    """More recipients or a longer retention, and no text that says so: somebody should notice (WP260 29)."""
    new = with_purpose(SHOP, recipients=("ads", "crm"))
    assert told(SHOP, new) == [("analytics", "unasked", 43)]
    assert told(SHOP, with_version(new, "2.0", "analytics")) == [("analytics", "ask_again", 40)]


def test_a_purpose_comes_and_goes() -> None:
    """A new one on consent asks everybody; one that is gone takes every yes with it."""
    without = replace(SHOP, purposes={name: one for name, one in SHOP.purposes.items() if name != "analytics"})
    assert told(SHOP, without) == [("analytics", "ends", 43)]
    assert told(without, SHOP)[0][:2] == ("analytics", "ask")


@pytest.mark.parametrize("counts", [None, Standings(people=0, groups=())])
def test_without_a_database_nobody_is_counted(counts: Standings | None) -> None:
    """What changes is told all the same."""
    (found,) = effects(SHOP, with_version(SHOP, "2.0", "analytics"), counts)
    assert found == Concerned("analytics", "ask_again", None if counts is None else 0)
