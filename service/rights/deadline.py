"""When an answer is due: months after receipt (Art. 12(3)), and never on a day on which nobody works (Reg. 1182/71)."""

from calendar import monthrange
from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import cache

from holidays import HolidayBase, country_holidays

MONTHS = 1
MONTHS_EXTENDED = 3
"""An extension adds two months to the one that there was; both count from receipt."""
SATURDAY = 5
YEAR = 12
DAY = timedelta(days=1)


def due_at(received_at: datetime, holidays: Collection[str], months: int = MONTHS) -> datetime:
    """So many calendar months after receipt, at the same time of day; the days are those of UTC.

    In a month without such a day its last day; a Saturday, a Sunday or one of the `holidays` moves it to the next
    working day (Reg. 1182/71, Art. 3).
    """
    years, month = divmod(received_at.month - 1 + months, YEAR)
    year = received_at.year + years
    day = min(received_at.day, monthrange(year, month + 1)[1])
    due = received_at.replace(year=year, month=month + 1, day=day)
    while due.weekday() >= SATURDAY or _holiday(due.date(), holidays):
        due += DAY
    return due


def _holiday(day: date, holidays: Collection[str]) -> bool:
    return any(day in _calendar(code) for code in holidays)


@cache
def _calendar(code: str) -> HolidayBase:
    """The public holidays of a country, `IT`, or of a part of one, `DE-BY`."""
    country, _, part = code.partition("-")
    return country_holidays(country, subdiv=part or None)
