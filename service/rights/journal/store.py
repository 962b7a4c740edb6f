"""What the database knows of the journal."""

from collections.abc import Sequence
from uuid import UUID

from service.kernel.database import Connection, Reader
from service.kernel.queries import load
from service.rights.journal.model import Line

QUERIES = load(__package__)
NOBODY = UUID(int=0)


async def unknown(reader: Reader, lines: Sequence[Line]) -> list[Line]:
    """The erasures that a database does not know of, since it is older, in their order."""
    named = [(line.request_id, subject) for line in lines for subject in line.subjects or [NOBODY]]
    requests, subjects = [request for request, _ in named], [subject for _, subject in named]
    found = {row["request_id"] for row in await reader.fetch(QUERIES["unknown"], requests, subjects)}
    return [line for line in lines if line.request_id in found]


async def complete(connection: Connection, line: Line) -> None:
    """Say in the database that an erasure was done, whether it knows its request or not."""
    await connection.execute(QUERIES["complete"], line.request_id, line.erased_at)
