"""When the answer to a request is due (Art. 12(3), Reg. 1182/71)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rights.deadline import MONTHS_EXTENDED, due_at


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
    assert due_at(_at(received), ()) == _at(due)


@pytest.mark.parametrize(
    ("received", "holidays", "months", "due"),
    [
        pytest.param("2026-03-05T10:15:00", ["IT"], 1, "2026-04-07T10:15:00", id="Easter Monday moves to Tuesday"),
        pytest.param("2026-11-24T10:15:00", ["IT"], 1, "2026-12-24T10:15:00", id="Christmas Eve is worked"),
        pytest.param("2026-11-25T10:15:00", ["IT"], 1, "2026-12-28T10:15:00", id="Christmas, its second day, a Sunday"),
        pytest.param("2026-11-07T10:15:00", ["IT"], 1, "2026-12-07T10:15:00", id="Milan's own day elsewhere"),
        pytest.param("2026-11-07T10:15:00", ["IT-MI"], 1, "2026-12-09T10:15:00", id="Milan's own day, then the 8th"),
        pytest.param("2026-09-06T10:15:00", ["IT", "DE-BY"], 1, "2026-10-06T10:15:00", id="a day on which all work"),
        pytest.param("2026-05-06T10:15:00", ["IT", "DE-BY"], 1, "2026-06-08T10:15:00", id="a Saturday before Monday"),
        pytest.param("2026-05-04T10:15:00", ["IT", "DE-BY"], 1, "2026-06-05T10:15:00", id="Corpus Christi in Bavaria"),
        pytest.param("2026-11-30T10:15:00", ["IT"], 3, "2027-03-01T10:15:00", id="extended, clamped to a Sunday"),
        pytest.param("2026-10-06T10:15:00", ["IT"], 3, "2027-01-07T10:15:00", id="extended to Epiphany"),
    ],
)
def test_due_date_is_moved_past_the_holidays_of_the_bundle(
    received: str, holidays: list[str], months: int, due: str
) -> None:
    """A public holiday of any calendar of the bundle moves the due date on, as far as the next working day."""
    assert due_at(_at(received), holidays, months) == _at(due)


def _counted(received: datetime, months: int, off: set[date]) -> datetime:
    """The same, counted day by day: walk to the month, then back into it, then on to a working day."""
    day, left = received, months
    while left:
        before, day = day.month, day + timedelta(days=1)
        left -= day.month != before
    day = day.replace(day=1)
    while day.day < received.day and (day + timedelta(days=1)).month == day.month:
        day += timedelta(days=1)
    while day.isoweekday() > 5 or day.date() in off:
        day += timedelta(days=1)
    return day


EASTER_MONDAYS = {
    2024: (4, 1), 2025: (4, 21), 2026: (4, 6), 2027: (3, 29), 2028: (4, 17), 2029: (4, 2), 2030: (4, 22)
}  # fmt: skip
FIXED = ((1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26))
ITALIAN = {date(year, *day) for year, easter in EASTER_MONDAYS.items() for day in (easter, *FIXED)}
"""The public holidays of Italy as its law lists them (L. 260/1949), until Saint Francis' day came back in 2026."""


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 9, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.sampled_from([1, MONTHS_EXTENDED]),
)
def test_due_date_is_what_counting_day_by_day_gives(received: datetime, months: int) -> None:
    """Due date is so many calendar months, clamped at month end, moved past weekend and holiday, at any time."""
    francis = {date(year, 10, 4) for year in EASTER_MONDAYS if year >= 2026}
    assert due_at(received, ["IT"], months) == _counted(received, months, ITALIAN | francis)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_due_date_is_a_working_day_four_to_five_weeks_away(received: datetime) -> None:
    """Whenever a request arrives, its due date is a working day, and no further away than a month and a weekend."""
    due = due_at(received, ())
    assert due.weekday() < 5
    assert timedelta(days=28) <= due - received <= timedelta(days=33)
    assert due.time() == received.time()
