"""Puts events in the order of people and time, whatever that of the file: on disk, so that memory does not grow."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from types import TracebackType

from msgspec import Struct

from service.cli.journeys.events import Event

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
TABLE = "CREATE TABLE events (person TEXT, instant INTEGER, event TEXT, channel TEXT, sentiment INTEGER, id TEXT)"
UNIQUE = "CREATE UNIQUE INDEX same ON events (person, id) WHERE id IS NOT NULL"
ADD = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)"
SORTED = "SELECT person, instant, event, channel, sentiment FROM events ORDER BY person, instant, rowid"
LAST = "SELECT max(instant) FROM events"
SortingFailed = sqlite3.OperationalError
"""The private file cannot be written."""
PEOPLE = "SELECT count(DISTINCT person) FROM events"


class Occurred(Struct, frozen=True):
    """An event of somebody, without whose it is."""

    at: datetime
    event: str
    channel: str
    sentiment: int | None


class Sorter:
    """A private file that SQLite sorts and that is gone afterwards; as large as the log."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        for statement in (TABLE, UNIQUE, "BEGIN"):
            self._rows.execute(statement)

    def __enter__(self) -> "Sorter":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._rows.close()

    def add(self, event: Event) -> bool:
        """Take an event; False for one whose id its person had before."""
        instant = (event.occurred_at - EPOCH) // INSTANT
        row = (event.person, instant, event.event, event.channel, event.sentiment, event.id)
        return self._rows.execute(ADD, row).rowcount == 1

    def people(self) -> int:
        """How many people there are."""
        return self._rows.execute(PEOPLE).fetchone()[0]

    def last(self) -> datetime:
        """When the last event of all occurred."""
        return EPOCH + self._rows.execute(LAST).fetchone()[0] * INSTANT

    def by_person(self) -> Iterator[tuple[str, list[Occurred]]]:
        """Each person with their events, the oldest first."""
        with closing(self._rows.execute(SORTED)) as rows:
            for person, of_person in groupby(rows, key=itemgetter(0)):
                yield person, [Occurred(EPOCH + row[1] * INSTANT, *row[2:]) for row in of_person]
