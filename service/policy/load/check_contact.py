"""What must hold for calendars and caps: hours that do not overlap, a time that is not over before it begins."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from service.policy.load.forms import CalendarForm, CapForm, Forms
from service.policy.load.mistakes import Mistakes, key_path
from service.policy.model import MIDNIGHT

CONTACT = "contact.toml"

Hours = tuple[time, time]


def check(forms: Forms, mistakes: Mistakes) -> None:
    """Note what is wrong with calendars and caps."""
    for calendar, form in forms.contact.calendar.items():
        _check_calendar(key_path("calendar", calendar), form, forms, mistakes)
    for cap, form in forms.contact.cap.items():
        _check_cap(key_path("cap", cap), form, forms, mistakes)


def spans(hours: Sequence[str]) -> tuple[Hours, ...]:
    """Spans of hours as times; one over midnight becomes two, and midnight is the end of one as its beginning."""
    return tuple(span for written in hours for span in _span(written))


def instant(written: date | None, zone: str) -> datetime | None:
    """A day or a time by the clock on the wall of a time zone; a day begins at midnight."""
    if written is None:
        return None
    at = written if isinstance(written, datetime) else datetime.combine(written, MIDNIGHT)
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _span(written: str) -> Iterator[Hours]:
    first, _, last = written.partition("-")
    begins, ends = time.fromisoformat(first), MIDNIGHT if last == "24:00" else time.fromisoformat(last)
    if begins < ends or ends == MIDNIGHT:
        yield begins, ends
    else:
        yield begins, MIDNIGHT
        yield MIDNIGHT, ends


def _check_calendar(path: str, form: CalendarForm, forms: Forms, mistakes: Mistakes) -> None:
    if not mistakes.touched(CONTACT, f"{path}.hours"):
        _refuse_overlap(f"{path}.hours", form.hours, mistakes)
    unsure = any(mistakes.spoiled(CONTACT, place) for place in ("time-zone", f"{path}.time-zone", f"{path}.from"))
    if unsure or mistakes.spoiled(CONTACT, f"{path}.until"):
        return
    zone = form.time_zone or forms.contact.time_zone
    begins, ends = instant(form.begins, zone), instant(form.ends, zone)
    if begins and ends and begins >= ends:
        mistakes.add(CONTACT, f"{path}.until", "is not after from; what is until a day is over when that day begins")


def _refuse_overlap(path: str, hours: Sequence[str], mistakes: Mistakes) -> None:
    taken: list[Hours] = []
    for place, written in enumerate(hours):
        added = spans([written])
        if any(_overlap(one, other) for one in added for other in taken):
            mistakes.add(CONTACT, f"{path}[{place}]", "overlaps with a span before it; make one of both")
        taken.extend(added)


def _overlap(one: Hours, other: Hours) -> bool:
    return (other[1] == MIDNIGHT or one[0] < other[1]) and (one[1] == MIDNIGHT or other[0] < one[1])


def _check_cap(path: str, form: CapForm, forms: Forms, mistakes: Mistakes) -> None:
    if mistakes.spoiled(CONTACT, f"{path}.per") or form.per != "offer":
        return
    offers = {name: offer for file in forms.offers.values() for name, offer in file.offer.items()}
    for place, name in enumerate(form.only):
        if name in offers and offers[name].service:
            mistakes.add(CONTACT, f"{path}.only[{place}]", "is a service message, which no cap stops; leave it out")
