"""What subjects said before a batch, which grows while the batch is written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.consent import rules
from service.consent.model import ConsentState, RecordedPurpose, Said


class Before(Struct, frozen=True):
    """What subjects said before a batch: everything, and what imports have recorded, by its essence."""

    histories: Mapping[UUID, list[Said]]
    imports: Mapping[UUID, dict[bytes | None, RecordedPurpose]]
    folded: dict[UUID, dict[str, ConsentState]]

    def after(self, subject_id: UUID, clock: datetime) -> datetime:
        """The database's clock, or right after what was recorded of the subject last, where it was set back since.

        What people say later has to count as later, or a withdrawal changed nothing until the clock is there again.
        """
        last = max((said.recorded_at for said in self.histories[subject_id]), default=clock)
        return clock if clock >= last else last + rules.INSTANT

    def states(self, subject_id: UUID) -> Mapping[str, ConsentState]:
        """Where a subject stands; a history is folded once, however many speak of it."""
        if subject_id not in self.folded:
            self.folded[subject_id] = rules.fold(self.histories[subject_id])
        return self.folded[subject_id]

    def extend(self, subject_id: UUID, said: Sequence[Said]) -> list[ConsentState]:
        """Add to a history; returns where the subject stands on the purposes that this was about."""
        history, purposes = self.histories[subject_id], {event.purpose for event in said}
        history.extend(said)
        states = rules.fold(event for event in history if event.purpose in purposes)
        self.folded.setdefault(subject_id, {}).update(states)
        return [states[purpose] for purpose in purposes]
