"""Holds in the database."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from service.kernel.database import Connection, Reader
from service.kernel.queries import load

QUERIES = load(__package__)


async def held(reader: Reader | Connection, subjects: Collection[UUID]) -> Mapping[UUID, Mapping[str, datetime]]:
    """Until when which data of subjects is held, of those of whom any is."""
    found: defaultdict[UUID, dict[str, datetime]] = defaultdict(dict)
    for row in await reader.fetch(QUERIES["held"], list(subjects)):
        found[row["subject_id"]][row["data"]] = row["until"]
    return found
