"""Whether there is a gap, known without asking: looked at on each new connection and about once a second."""

import logging

from service.kernel.database import Connection, Database
from service.kernel.log import event
from service.ledger import store
from service.ledger.gap.model import GapOpen
from service.ledger.model import CheckpointRefused
from service.ledger.publication import Publication


class Gap:
    """Whether the tree is shorter than what was published: then a withdrawal may be missing."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self.open = False

    def require_closed(self) -> None:
        """Raise `GapOpen` where nobody can say what people last said."""
        if self.open:
            raise GapOpen("A backup was restored: an officer has to see what is missing, GET /v1/ledger/gap.")

    async def look(self, asked: Connection | Database) -> None:
        """Compare the tree with the published checkpoint; one that cannot be read is a gap too."""
        try:
            published = self.publication.read()  # before the database, which may only have more
        except CheckpointRefused:
            open_now = True
        else:
            open_now = published is not None and published.size > await store.size(asked)
        if open_now != self.open:
            event("ledger.gap_open" if open_now else "ledger.gap_closed", level=logging.ERROR)
        self.open = open_now
