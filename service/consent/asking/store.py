"""Counts of where people stand."""

import msgspec

from service.consent.asking.model import Group, Standings
from service.kernel.database import Connection
from service.kernel.queries import load

QUERIES = load(__package__)


async def standings(connection: Connection) -> Standings:
    """Where everybody stands now, in counts."""
    people = await connection.fetchval(QUERIES["people"])
    rows = await connection.fetch(QUERIES["groups"])
    return Standings(people=people, groups=tuple(msgspec.convert(dict(row), Group) for row in rows))
