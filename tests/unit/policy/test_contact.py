"""Calendars go by the clock on the wall, and what no file says has a default."""

from datetime import UTC, datetime, time

import pytest

from service.policy.load import load, read, thawed
from service.policy.model import MIDNIGHT, Calendar, Contact
from tests.unit.policy.folder import SHIPPED, Folder

WORDS = {"it": "Quando", "en": "When"}


def at(written: str) -> datetime:
    """An instant, written with its offset."""
    return datetime.fromisoformat(written)


def calendar(folder: Folder, text: str) -> Calendar:
    """The calendar that a file says, in Rome."""
    folder.add("contact.toml", f"\n[calendar.tried]\ntitle = {{ it = 'Prova', en = 'Trial' }}\n{text}\n")
    return folder.load().contact.calendars["tried"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-15T06:59:59Z", False),
        ("2026-01-15T07:00:00Z", True),
        ("2026-07-15T05:59:59Z", False),
        ("2026-07-15T06:00:00Z", True),
        ("2026-07-15T18:59:59Z", True),
        ("2026-07-15T19:00:00Z", False),
        ("2026-07-15T15:00:00-04:00", False),
    ],
)
def test_hours_are_those_of_the_wall_in_summer_and_winter(folder: Folder, now: str, expected: bool) -> None:
    """From eight to nine in the evening of Rome, whatever that is elsewhere; the last minute is not in it."""
    assert calendar(folder, 'hours = ["08:00-21:00"]').open_at(at(now)) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-29T00:59:00Z", True),  # 01:59, the minute before the clock jumps to three
        ("2026-03-29T01:00:00Z", False),
        ("2026-10-25T00:30:00Z", True),  # half past two, for the first time
        ("2026-10-25T01:30:00Z", True),  # and for the second
        ("2026-10-25T02:00:00Z", False),
    ],
)
def test_the_nights_on_which_the_clock_changes(folder: Folder, now: str, expected: bool) -> None:
    """An hour that is there twice counts twice, one that is left out never comes."""
    assert calendar(folder, 'hours = ["01:00-03:00"]').open_at(at(now)) is expected


def test_a_span_over_midnight_is_two(folder: Folder) -> None:
    """Both are of the day on whose clock they are: on a Monday from midnight to six, and from ten to midnight."""
    nights = calendar(folder, 'days = ["monday"]\nhours = ["22:00-06:00"]')
    assert nights.hours == ((time(22), MIDNIGHT), (MIDNIGHT, time(6)))
    times = ("2026-03-02T00:00+01:00", "2026-03-02T06:00+01:00", "2026-03-02T23:59+01:00", "2026-03-03T00:00+01:00")
    assert [nights.open_at(at(now)) for now in times] == [True, False, True, False]


def test_a_whole_day_can_be_written(folder: Folder) -> None:
    """From midnight to midnight, and up to it."""
    assert calendar(folder, 'hours = ["00:00-12:00", "12:00-24:00"]').open_at(at("2026-03-01T23:59:59.999+01:00"))


def test_from_is_in_and_until_is_not(folder: Folder) -> None:
    """A date is its midnight in the time zone of the calendar; a date with a time is that time there."""
    christmas = calendar(folder, 'time-zone = "America/New_York"\nfrom = 2026-12-24T18:00:00\nuntil = 2026-12-26')
    assert (christmas.begins, christmas.ends) == (at("2026-12-24T23:00:00Z"), at("2026-12-26T05:00:00Z"))
    times = ("2026-12-24T22:59:59Z", "2026-12-24T23:00:00Z", "2026-12-26T04:59:59Z", "2026-12-26T05:00:00Z")
    assert [christmas.open_at(at(now)) for now in times] == [False, True, True, False]


def test_a_calendar_that_says_nothing_is_always_open() -> None:
    """No days are every day, no hours all day."""
    assert Calendar(id="always", title=WORDS, time_zone="Asia/Kathmandu").open_at(datetime.now(UTC))


def test_a_bundle_without_restraint_means_what_it_meant(folder: Folder) -> None:
    """Nothing is capped, held out or closed, nobody is a persona; a bundle frozen before thaws so."""
    folder.remove("contact.toml")
    folder.remove("personas.toml")
    for file in ("placements", "offers/contextual", "offers/see-think", "fields", "retention"):
        lines = (folder.path / f"{file}.toml").read_text().split("\n\n")
        kept = [block for block in lines if ".weight]]" not in block and "[field.persona]" not in block]
        new = ("group =", "calendar =", "ranking =", "service =", "oldest-touchpoint =")
        text = "\n".join(line for line in "\n\n".join(kept).split("\n") if not line.startswith(new))
        folder.write(f"{file}.toml", text)
    bundle, content = read(folder.path)
    for meant in (bundle, thawed(content)):
        assert meant.contact == Contact()
        assert meant.personas == {}
        assert {placement.ranking for placement in meant.placements.values()} == {"priority"}
        assert not any(offer.service or offer.context for offer in meant.offers.values())
        assert meant.retention.oldest_touchpoint == 3650


def test_weights_count_as_what_an_offer_reads(folder: Folder) -> None:
    """What only a weight reads is looked up too, and needs its purpose (D3)."""
    shop = folder.load()
    assert "persona" in shop.offers["guide-headphones"].reads
    assert shop.offers["guide-headphones"].required == {"personalization"}
    assert [weight.factor for weight in shop.offers["compare-models"].context] == [1.5]
    assert shop.fields["persona"].values == ("regular", "occasional", "researcher")


def test_a_rule_that_is_refused_only_now_never_holds(folder: Folder) -> None:
    """A bundle that was frozen when it was good is still read: an offer must not lose its rule and be for everyone."""
    content = read(folder.path)[1].replace(b'device == \\"mobile\\"', b"device == no_more")
    offer = thawed(content).offers["shop-by-phone"]
    assert offer.rule is not None
    assert not offer.rule.holds({"device": "mobile"})


def test_the_shop_uses_what_there_is() -> None:
    """Whoever copies the example finds each thing in it once."""
    shop = load(SHIPPED)
    journey = shop.journeys[shop.default_journey]
    assert {cap.event for cap in shop.contact.caps.values()} == {"decision", "impression", "click"}
    assert {cap.scope for cap in shop.contact.caps.values()} == {"subject", "global"}
    assert {placement.ranking for placement in shop.placements.values()} == {"priority", "weighted", "thompson"}
    assert {friction.kind for friction in journey.friction} == {"loop", "pause", "error"}
    assert any(rule.moment for rule in journey.rules)
    assert any(rule.feels for rule in journey.rules)
    assert any(channel.counts for channel in shop.channels.values())
    assert any(offer.service and offer.calendar for offer in shop.offers.values())
    assert any(offer.group for offer in shop.offers.values())
