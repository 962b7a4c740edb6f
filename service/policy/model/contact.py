"""The nouns of restraint: when people may be addressed, how often, and what says the same thing."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from service.policy.model.company import Text

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CapEvent = Literal["decision", "impression", "click"]
CapScope = Literal["subject", "global"]
CapKind = Literal["offer", "group", "placement"]
Window = Literal["hour", "day", "week", "month"]

MIDNIGHT = time()
"""The end of a span that lasts until the day does."""


class Calendar(Struct, frozen=True, forbid_unknown_fields=True):
    """When something may be shown, by the clock on the wall of its time zone.

    No days means every day, no hours all day. A span ends when its last minute begins; so does the time from `begins`
    to `ends`.
    """

    id: str
    title: Text
    time_zone: str
    days: tuple[Weekday, ...] = ()
    hours: tuple[tuple[time, time], ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether something with this calendar may be shown now; `now` is aware, in any time zone."""
        if (self.begins and now < self.begins) or (self.ends and now >= self.ends):
            return False
        local = now.astimezone(ZoneInfo(self.time_zone))
        if self.days and WEEKDAYS[local.weekday()] not in self.days:
            return False
        clock = local.time()
        return not self.hours or any(
            first <= clock and (clock < last or last == MIDNIGHT) for first, last in self.hours
        )


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Offers that say the same thing: a page shows one of them, and a dismissal of one silences all."""

    id: str
    title: Text


class Cap(Struct, frozen=True, forbid_unknown_fields=True):
    """At most `limit` of an event in each window, for one person or for all.

    Each offer, group or placement is counted apart; where `only` names some, the others are not counted.
    """

    id: str
    event: CapEvent
    scope: CapScope
    per: CapKind
    only: tuple[str, ...]
    window: Window
    limit: int


class Contact(Struct, frozen=True, forbid_unknown_fields=True):
    """How often people are addressed. `time_zone` is that of days, weeks and months.

    A dismissed offer is not shown for `dismissal_days`. `holdout` is the share of people who see fallbacks only, to
    compare with; another `holdout_salt` chooses others.
    """

    time_zone: str = "Europe/Rome"
    dismissal_days: int = 30
    holdout: float = 0.0
    holdout_salt: str = "holdout"
    calendars: Mapping[str, Calendar] = {}
    groups: Mapping[str, Group] = {}
    caps: Mapping[str, Cap] = {}
