"""What is read of somebody for a decision beside their consent: contacts, dismissals and counters, in one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from service.consent.model import Permission, Standing
from service.consent.rules import counts_since
from service.consent.verdicts import permissions
from service.decisioning import caps, rules, store
from service.decisioning.model import Remembered, Slot
from service.decisioning.slots import names
from service.decisioning.store import Memories, Recall
from service.journey import inquiry
from service.journey.inquiry import Inquiry
from service.journey.model import Facts
from service.kernel.batching import Batches
from service.kernel.database import Database
from service.policy.model import Bundle, Window


class Known(Struct, frozen=True):
    """Whoever it is decided for, as far as they allow to be known; nobody, where `standing` is None.

    `grants`: the purposes that are allowed, and since when what is kept for each counts (None: ever). `windows`: when
    the hour, day, week or month began that caps count in.
    """

    standing: Standing | None
    verdicts: Mapping[str, Permission]
    grants: Mapping[str, datetime | None]
    windows: Mapping[Window, datetime]

    @property
    def subject_id(self) -> UUID:
        """Whose draws, holdout and counters it is about."""
        return self.standing.subject_id if self.standing else caps.EVERYBODY

    @classmethod
    def of(cls, bundle: Bundle, standing: Standing | None, now: datetime, *, gpc: bool) -> "Known":
        """What a subject allows now; the steps are those of docs/how-a-decision-is-made.md."""
        # 1. Consent snapshot
        verdicts = permissions(bundle, list(bundle.purposes), standing, now, gpc=gpc) if standing else {}
        allowed = [bundle.purposes[purpose] for purpose, verdict in verdicts.items() if verdict.allowed]
        return cls(
            standing=standing,
            verdicts=verdicts,
            grants={purpose.id: counts_since(purpose, standing) for purpose in allowed} if standing else {},
            windows=caps.windows(bundle.contact, now),
        )


class Memory:
    """Reads what slots look at, of many people together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recalls: Batches[Recall, Memories] = Batches(self._read)

    async def _read(self, batch: Sequence[Recall]) -> list[Memories | BaseException]:
        return [*await store.recall(self._database, batch)]

    async def recall(
        self, bundle: Bundle, slots: Sequence[Slot], known: Known, now: datetime, context: Facts
    ) -> tuple[Facts, Remembered]:
        """The facts that these slots look at, with those of the request, and what earlier decisions leave of them.

        Nothing is read for which they have no purpose (D1).
        """
        fields, standing = rules.personal(slots), known.standing
        asked = inquiry.inquiries(bundle, standing, fields, now) if standing and fields else []
        wanted = _wanted(bundle, slots, known, now, asked)
        if not (wanted.contacts or wanted.whose):
            return context, Remembered()
        read = await self._recalls.answer(wanted)
        told = inquiry.facts(bundle, asked, read.contacts, now, context)
        return {**context, **told}, _remembered(bundle, known, read, wanted.dismissed_since, now)


def _wanted(bundle: Bundle, slots: Sequence[Slot], known: Known, now: datetime, asked: Sequence[Inquiry]) -> Recall:
    whose = {caps.EVERYBODY} if any(slot.shared for slot in slots) else set[UUID]()
    if known.standing and any(slot.purposes and len(slot.exempt) < len(slot.offers) for slot in slots):
        whose.add(known.standing.subject_id)
    return Recall(
        contacts=[one.question for one in asked],
        whose=frozenset(whose),
        windows=frozenset(known.windows.values()),
        dismissed_since=now - timedelta(days=bundle.contact.dismissal_days),
    )


def _remembered(bundle: Bundle, known: Known, read: Memories, since: datetime, now: datetime) -> Remembered:
    silenced: set[str] = set()
    for dismissal in read.dismissals:
        usable = caps.counts(dismissal.purposes, dismissal.recorded_at, known.grants)
        if usable and since < dismissal.occurred_at <= now:
            offer = bundle.offers.get(dismissal.offer)
            silenced.update(names(offer) if offer else ())
    return Remembered(frozenset(silenced), caps.full(bundle, read.counters.items(), known.windows, known.grants))
