"""A simulated way is what the service would have answered at each time."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.cli.journeys.sorting import Occurred
from service.cli.journeys.walk import walk
from service.journey.rules import position
from service.policy.model import Journey
from tests.consenting import HOUR, NOON
from tests.property.test_journey import journeys, walks
from tests.unit.journey.walking import Contact, bundle, kept

UNTIL = NOON + timedelta(days=100)
askings = st.lists(st.integers(-24 * 60, 24 * 100).map(lambda hours: NOON + hours * HOUR), max_size=8)


@given(journeys, walks, askings)
def test_moves_are_where_positions_change(through: Journey, contacts: list[Contact], asked: list[datetime]) -> None:
    """At any time up to the end the last move before it leads to the stage that a question then would be told."""
    events = sorted((Occurred(NOON - before, event, channel, None) for event, channel, before in contacts), key=_when)
    way = walk(bundle(), through, "somebody", events, UNTIL)
    for now in [*asked, *(event.at for event in events), UNTIL]:
        found = position(through, kept([c for c in contacts if NOON - c[2] <= now]), now)
        faded = found.stage is None and now < UNTIL
        last = next((move.to_stage for move in reversed(way.moves) if move.at <= now), None)
        assert last == found.stage or faded
    assert (way.stage, way.evidence) == (found.stage, found.evidence)


def _when(event: Occurred) -> datetime:
    return event.at
