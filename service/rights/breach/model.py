"""What is told of a breach: numbers of people and of records, and never who."""

from datetime import datetime

from msgspec import Struct


class Group(Struct, frozen=True):
    """People who have data of a category, and its records by table; both null where they are too few to be told."""

    category: str
    people: int | None
    records: dict[str, int] | None


class Affected(Struct, frozen=True):
    """Everybody who is affected, and by category; a number of people that is null stands for `fewer_than` that many."""

    tables: list[str]
    since: datetime | None
    fewer_than: int
    people: int | None
    categories: list[Group]
