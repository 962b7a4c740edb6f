"""Where contacts put a person, whatever they are: in any order, with evidence that only fades, never without any."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.journey.rules import NO_EVIDENCE, position
from service.policy.model import Journey
from tests.consenting import DAY, HOUR, NOON
from tests.unit.journey.walking import Contact, journey, kept

SHARE_OF_A_DIGIT = 1e-5
"""Evidence is told to six significant digits."""

events = st.sampled_from(["look", "compare", "pay", "glance", "elsewhere", "leave"])
channels = st.sampled_from(["web", "shop"])
times = st.integers(-24, 24 * 60).map(lambda hours: hours * HOUR)
walks = st.lists(st.tuples(events, channels, times), max_size=12)
journeys = st.builds(
    journey,
    half_life_hours=st.floats(0.5, 500),
    expiry_days=st.integers(1, 90),
    hysteresis=st.sampled_from([0, 0.2, 1, 10]),
)
moments = st.integers(0, 24 * 30).map(lambda hours: NOON + hours * HOUR)


@given(journeys, walks.flatmap(lambda walk: st.tuples(st.just(walk), st.permutations(walk))), moments)
def test_the_order_of_arrival_does_not_matter(
    through: Journey, orders: tuple[list[Contact], list[Contact]], now: datetime
) -> None:
    """The same contacts give the same place: stage, since, evidence and the stage before, to the last digit."""
    one, other = (position(through, kept(order), now) for order in orders)
    assert one == other


@given(journeys, walks, moments, st.integers(1, 24 * 30).map(lambda hours: hours * HOUR))
def test_evidence_only_fades(through: Journey, walk: list[Contact], now: datetime, later: timedelta) -> None:
    """Without new contacts no stage gains evidence, and each loses at least what the half-life takes."""
    walk = [contact for contact in walk if NOON - contact[2] <= now]
    before = position(through, kept(walk), now).evidence
    after = position(through, kept(walk), now + later).evidence
    left = 0.5 ** (later / timedelta(hours=through.half_life_hours))
    assert after.keys() <= before.keys()
    assert all(value <= before[stage] * left * (1 + SHARE_OF_A_DIGIT) for stage, value in after.items())


@given(journeys, walks, moments)
def test_no_stage_without_evidence(through: Journey, walk: list[Contact], now: datetime) -> None:
    """A stage is one that evidence speaks for, more than faintly, and nearly as strongly as for any other."""
    found = position(through, kept(walk), now)
    if found.stage is None:
        assert (found.since, found.evidence, found.previous) == (None, {}, None)
    else:
        assert found.evidence[found.stage] > NO_EVIDENCE
        strongest = max(found.evidence.values())
        assert strongest <= found.evidence[found.stage] * (1 + through.hysteresis) * (1 + SHARE_OF_A_DIGIT)
        assert found.since is not None
        assert now - through.expiry_days * DAY < found.since <= now
        assert found.previous != found.stage


@given(journeys, walks, walks, moments)
def test_what_is_expired_or_ahead_changes_nothing(
    through: Journey, walk: list[Contact], others: list[Contact], now: datetime
) -> None:
    """Contacts that are long over, or have not happened yet, leave everybody where they are."""
    age = NOON - now + through.expiry_days * DAY
    over = [(event, channel, age + abs(before)) for event, channel, before in others]
    ahead = [(event, channel, NOON - now - HOUR - abs(before)) for event, channel, before in others]
    alone, together = (position(through, kept(all_of), now) for all_of in (walk, walk + over + ahead))
    assert alone == together


@given(journeys, walks, walks, moments)
def test_an_end_is_a_beginning(through: Journey, before: list[Contact], after: list[Contact], now: datetime) -> None:
    """What was until the relationship ended changes nothing: people are where the contacts after it alone put them."""
    ended = max((before_noon for _, _, before_noon in after), default=timedelta(0)) + HOUR
    over = [(event, channel, ended + abs(before_noon)) for event, channel, before_noon in before]
    whole = [*over, ("leave", "web", ended), *after]
    assert position(through, kept(whole), now) == position(through, kept(after), now)
