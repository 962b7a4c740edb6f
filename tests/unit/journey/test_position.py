"""Where contacts put a person: evidence, its fading, and how clearly another stage must lead."""

from datetime import timedelta

import pytest

from service.journey.model import Position
from service.journey.rules import position
from tests.consenting import DAY, HOUR, NOON
from tests.unit.journey.walking import Contact, journey, kept

NOWHERE = Position(stage=None, since=None, evidence={}, previous=None)
INSTANT = timedelta(microseconds=1)


def placed(*contacts: Contact, after: timedelta = timedelta(0), **more: float) -> Position:
    """Where these contacts put somebody, some time after noon."""
    through = journey(**more)  # pyright: ignore[reportArgumentType] - whole numbers where they are wanted
    return position(through, kept(contacts), NOON + after)


def test_without_contacts_nobody_is_anywhere() -> None:
    """No evidence, no stage."""
    assert placed() == NOWHERE


def test_an_event_of_no_rule_is_no_evidence() -> None:
    """What the journey does not speak of puts nobody anywhere."""
    assert placed(("elsewhere", "web", HOUR)) == NOWHERE


def test_evidence_adds_up_and_halves() -> None:
    """Each contact counts its weight, halved for every half-life that has passed since."""
    found = placed(("compare", "web", 2 * DAY), ("compare", "app", DAY), ("look", "web", timedelta(0)))
    assert found.evidence == {"think": 1.5, "see": 1.0}
    assert (found.stage, found.since, found.previous) == ("think", NOON - 2 * DAY, None)


def test_a_rule_for_the_channel_comes_before_the_general_one() -> None:
    """The same event is evidence for another stage where the journey says so."""
    assert placed(("pay", "shop", timedelta(0))).evidence == {"care": 8.0}
    assert placed(("pay", "web", timedelta(0))).evidence == {"do": 4.0}


@pytest.mark.parametrize(("hysteresis", "stage"), [(0, "do"), (0.99, "do"), (1.01, "think"), (10, "think")])
def test_a_stage_is_left_for_a_clear_lead_alone(hysteresis: float, stage: str) -> None:
    """Twice the evidence moves people where the journey asks for less than that, and nobody where it asks for more."""
    at_once = timedelta(0)
    found = placed(("compare", "web", INSTANT), ("pay", "web", at_once), hysteresis=hysteresis, half_life_hours=1e6)
    assert found.stage == stage
    assert found.previous == ("think" if stage == "do" else None)


def test_people_move_back_and_it_is_told() -> None:
    """Later contacts of an earlier stage outweigh old ones of a later stage."""
    found = placed(("pay", "web", 3 * DAY), ("compare", "web", DAY))
    assert (found.stage, found.previous, found.since) == ("think", "do", NOON - DAY)


def test_what_happens_at_once_is_weighed_together() -> None:
    """Contacts of one instant have no order among themselves, so none of them is a step."""
    at_once = [("pay", "shop", HOUR), ("pay", "web", HOUR), ("pay", "app", HOUR), ("pay", "crm", HOUR)]
    for order in (at_once, at_once[::-1]):
        found = placed(*order)
        assert (found.stage, found.previous, found.since) == ("do", None, NOON - HOUR)


def test_a_tie_goes_to_the_earlier_stage() -> None:
    """Equal evidence: the stage that comes first in the journey."""
    found = placed(("compare", "web", HOUR), ("look", "web", HOUR), ("look", "app", HOUR))
    assert found.stage == "see"


@pytest.mark.parametrize(("before", "stage"), [(30 * DAY - INSTANT, "do"), (30 * DAY, None), (31 * DAY, None)])
def test_evidence_expires(before: timedelta, stage: str | None) -> None:
    """At the end of its expiry a contact is no evidence any more; the boundary instant is expired."""
    assert placed(("pay", "web", before), half_life_hours=240).stage == stage


def test_who_was_somewhere_long_ago_starts_anew() -> None:
    """An expired contact is not even a stage that somebody came from."""
    found = placed(("pay", "web", 31 * DAY), ("look", "web", HOUR))
    assert (found.stage, found.previous) == ("see", None)


def test_evidence_that_has_faded_away_leaves_no_stage() -> None:
    """Where the half-life is short, evidence is nothing long before it expires, and a stage without any is none."""
    assert placed(("pay", "web", DAY), half_life_hours=1).stage == "do"
    assert placed(("pay", "web", 20 * DAY), half_life_hours=1) == NOWHERE
    assert placed(("pay", "web", 20 * DAY), half_life_hours=0.001) == NOWHERE


def test_faint_evidence_is_told_from_none() -> None:
    """Evidence is rounded to significant digits, so that it never reads as zero."""
    assert placed(("glance", "web", timedelta(hours=8))).evidence == {"see": pytest.approx(7.93701e-07)}


def test_what_has_not_happened_yet_does_not_count() -> None:
    """A contact dated a moment ahead counts from then on."""
    ahead = ("pay", "web", -HOUR)
    assert placed(ahead) == NOWHERE
    assert placed(ahead, after=HOUR).stage == "do"


@pytest.mark.parametrize("end", ["leave", "close_account"])
def test_what_was_before_the_relationship_ended_is_no_evidence(end: str) -> None:
    """Up to the end, and at its very time, everything is over, wherever it ended; what comes after begins anew."""
    before: list[Contact] = [("pay", "web", 3 * DAY), ("look", "app", DAY), (end, "crm", DAY)]
    assert placed(*before) == NOWHERE
    again = placed(*before, ("compare", "web", DAY - INSTANT))
    assert (again.stage, again.previous, again.evidence.keys()) == ("think", None, {"think"})


def test_the_last_end_counts() -> None:
    """Whoever comes back and leaves again has left; an end that lies ahead has not come."""
    assert placed(("pay", "web", 3 * DAY), ("leave", "web", 5 * DAY)).stage == "do"
    left = [("pay", "web", 3 * DAY), ("leave", "web", 5 * DAY), ("leave", "web", DAY)]
    assert placed(*left) == NOWHERE
    assert placed(("pay", "web", 3 * DAY), ("leave", "web", -DAY)).stage == "do"
