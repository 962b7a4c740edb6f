"""The tables of chances that `thompson` draws by: computed elsewhere, in the background, and looked up here."""

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct


class Table(Struct, frozen=True):
    """How likely each offer of a placement is to be the best at a stage, as of one version of what was learnt."""

    version: UUID
    probabilities: Mapping[str, float]


class Tables:
    """The tables in force by placement and stage ("" for none). Whoever learns puts a new mapping in the place."""

    def __init__(self, current: Mapping[tuple[str, str], Table] | None = None) -> None:
        self.current: Mapping[tuple[str, str], Table] = current or {}

    def of(self, placement: str, stage: str | None) -> Table | None:
        """The table for a placement at a stage, None where nothing was learnt yet."""
        return self.current.get((placement, stage or ""))
