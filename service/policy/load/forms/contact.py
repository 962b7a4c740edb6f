"""The form of restraint: when and how often people are addressed."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from service.policy.load import values
from service.policy.load.forms.marks import (
    Days,
    Id,
    Moment,
    Share,
    Text,
    TimeZone,
    Words,
)
from service.policy.load.values import Judged
from service.policy.model import (
    CapEvent,
    CapKind,
    CapScope,
    Weekday,
    Window,
)


class HoldoutForm(Struct, frozen=True):
    """`[holdout]`: the share of people who see fallbacks only, to compare with."""

    share: Share
    salt: Words = "holdout"


class CalendarForm(Struct, frozen=True, rename={"begins": "from", "ends": "until"}):
    """`[calendar.<id>]`: when something may be shown."""

    title: Text
    time_zone: TimeZone | None = None
    days: tuple[Weekday, ...] = ()
    hours: tuple[Annotated[str, Judged(values.span)], ...] = ()
    begins: Moment | None = None
    ends: Moment | None = None


class GroupForm(Struct, frozen=True):
    """`[group.<id>]`: offers that say the same thing."""

    title: Text


class CapForm(Struct, frozen=True):
    """`[cap.<id>]`: how often something may happen in a window."""

    event: CapEvent
    scope: CapScope
    per: CapKind
    window: Window
    limit: Annotated[int, Judged(values.between(1, 1_000_000_000))]
    only: tuple[str, ...] = ()


class ContactFile(Struct, frozen=True):
    """contact.toml: when and how often people are addressed; the file may be left out."""

    time_zone: TimeZone = "Europe/Rome"
    dismissal_days: Days = 30
    holdout: HoldoutForm | None = None
    calendar: Mapping[Id, CalendarForm] = {}
    group: Mapping[Id, GroupForm] = {}
    cap: Mapping[Id, CapForm] = {}
