"""From when on no backup opens anything of the erased: two promises, of which the later one counts."""

from datetime import UTC, datetime, timedelta

import pytest

from service.subjects.keys.model import Epoch, Promises

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROMISES = Promises(epoch=timedelta(days=30), backups=timedelta(days=10))


def epoch(number: int, days_ago: int) -> Epoch:
    """An epoch that began some days ago."""
    return Epoch(number, NOW - timedelta(days=days_ago), None, None)


@pytest.mark.parametrize(("days_ago", "clear_after_days"), [(0, 30), (19, 11), (20, 10), (29, 10)])
def test_the_later_of_epoch_and_backups_counts(days_ago: int, clear_after_days: int) -> None:
    """The end of the epoch where that is later, else the end of the last backup."""
    ends = PROMISES.epoch_ends([epoch(2, days_ago), epoch(1, 100)], NOW)
    assert PROMISES.backups_clear_at(ends, NOW) == NOW + timedelta(days=clear_after_days)


@pytest.mark.parametrize("days_ago", [30, 31, 1000])
def test_nobody_knows_where_an_epoch_is_overdue(days_ago: int) -> None:
    """A promise that was not kept is not relied on."""
    ends = PROMISES.epoch_ends([epoch(1, days_ago)], NOW)
    assert (ends, PROMISES.backups_clear_at(ends, NOW)) == (None, None)


def test_an_epoch_that_is_about_to_begin_ends_within_its_time() -> None:
    """Before the first key there is nothing to wait for."""
    assert PROMISES.epoch_ends([], NOW) == NOW + timedelta(days=30)
