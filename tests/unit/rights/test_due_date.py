"""When the answer to a request is due (Art. 12(3), Reg. 1182/71)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rights.rules import due_at


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param("2026-03-05T10:15:00", "2026-04-06T10:15:00", id="a Sunday moves to Monday"),
        pytest.param("2026-01-30T10:15:00", "2026-03-02T10:15:00", id="a clamped Saturday moves to Monday"),
        pytest.param("2026-06-15T23:59:59.999999", "2026-07-15T23:59:59.999999", id="the time of day stays"),
        pytest.param("2026-08-31T08:00:00", "2026-09-30T08:00:00", id="31 days to 30"),
        pytest.param("2027-01-31T08:00:00", "2027-03-01T08:00:00", id="clamped to a Sunday"),
        pytest.param("2028-01-31T08:00:00", "2028-02-29T08:00:00", id="a leap day"),
        pytest.param("2026-12-31T08:00:00", "2027-02-01T08:00:00", id="across the year"),
        pytest.param("2026-02-28T08:00:00", "2026-03-30T08:00:00", id="not to the end of a longer month"),
    ],
)
def test_due_date_is_one_calendar_month_clamped_and_moved_past_the_weekend(received: str, due: str) -> None:
    """The answer is due one calendar month after receipt, in a shorter month on its last day, never at a weekend."""
    assert due_at(_at(received)) == _at(due)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_due_date_is_a_working_day_four_to_five_weeks_away(received: datetime) -> None:
    """Whenever a request arrives, its due date is a working day, and no further away than a month and a weekend."""
    due = due_at(received)
    assert due.weekday() < 5
    assert timedelta(days=28) <= due - received <= timedelta(days=33)
    assert due.time() == received.time()
