"""Caps: how often somebody, or everybody, may be shown something in an hour, a day, a week or a month."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from service.decisioning.model import Counted, Page
from service.policy.model import Bundle, Cap, Contact, Offer, Window

EVERYBODY = UUID(int=0)
"""Whose counters those of everybody together are, and whose draws those of whom nothing may be known."""
NO_PURPOSE = frozenset[str]()


class Key(Struct, frozen=True, order=True):
    """Which counter: whose, of what, and since when it counts. Everybody takes them in this order."""

    subject_id: UUID
    name: str
    window_start: datetime


class Counter(Struct, frozen=True):
    """How often something was counted, for decisions that rested on these purposes, the first of them then."""

    n: int
    purposes: frozenset[str]
    counted_since: datetime


def concerning(bundle: Bundle, placement: str, offer: Offer, *, known: bool = True) -> tuple[Counted, ...]:
    """The caps that an offer on a placement falls under; none for a service message.

    Where nobody is `known` only those that count for everybody together, which says nothing about anyone.
    """
    if offer.service:
        return ()
    of_kind = {"offer": offer.id, "group": offer.group, "placement": placement}
    found = [(cap, of_kind[cap.per]) for cap in bundle.contact.caps.values() if known or cap.scope == "global"]
    return tuple(Counted(cap, f"{cap.id}:{name}") for cap, name in found if name and (not cap.only or name in cap.only))


def windows(contact: Contact, now: datetime) -> dict[Window, datetime]:
    """When each window began that a cap counts in, by the clock on the wall of the bundle's time zone."""
    if not contact.caps:
        return {}
    local = now.astimezone(ZoneInfo(contact.time_zone))
    wanted: set[Window] = {cap.window for cap in contact.caps.values()}
    return {window: _began(window, local).astimezone(UTC) for window in wanted}


def _began(window: Window, local: datetime) -> datetime:
    if window == "hour":  # the hour that the clocks go back is there twice, and counted twice
        return local.replace(minute=0, second=0, microsecond=0)
    back = {"day": 0, "week": local.weekday(), "month": local.day - 1}[window]
    return datetime.combine(local.date() - timedelta(days=back), time(), local.tzinfo)


def owner(cap: Cap, subject_id: UUID) -> UUID:
    """Whose counter a cap asks."""
    return EVERYBODY if cap.scope == "global" else subject_id


def counts(purposes: Iterable[str], since: datetime, grants: Mapping[str, datetime | None]) -> bool:
    """Whether what was kept may be used: each of its purposes is allowed, and was when it was kept (C22).

    `grants`: the purposes that are allowed, and since when what is kept for them counts (None: ever).
    """
    return all(purpose in grants and since >= (grants[purpose] or since) for purpose in purposes)


def full(
    bundle: Bundle,
    counters: Iterable[tuple[Key, Counter]],
    began: Mapping[Window, datetime],
    grants: Mapping[str, datetime | None],
) -> frozenset[str]:
    """The names of the counters that have reached their cap in the window that is on."""
    caps = bundle.contact.caps
    return frozenset(
        key.name
        for key, counter in counters
        if (cap := caps.get(key.name.partition(":")[0]))
        and began.get(cap.window) == key.window_start
        and counter.n >= cap.limit
        and counts(counter.purposes, counter.counted_since, grants)
    )


class Hit(Struct, frozen=True):
    """One decision that counts in one counter, of so many at most, with the purposes that it rests on."""

    key: Key
    limit: int
    purposes: frozenset[str]


def hits(page: Page) -> Iterator[Hit]:
    """Everything that a page counts in."""
    counted = [(one, decided.choice.slot.purposes) for decided in page.decisions for one in decided.caps]
    for one, purposes in [*counted, *((one, NO_PURPOSE) for one in page.counted)]:
        cap = one.cap
        key = Key(owner(cap, page.subject_id), one.name, page.windows[cap.window])
        yield Hit(key, cap.limit, NO_PURPOSE if cap.scope == "global" else purposes)


def allot(
    pages: Sequence[Page], counters: Mapping[Key, Counter], now: datetime
) -> tuple[list[frozenset[str]], dict[Key, Counter]]:
    """Count pages in order of arrival: for each the names of the counters that were full, and what they all leave.

    A page counts whole or not at all.
    """
    counted: dict[Key, Counter] = {}
    full: list[frozenset[str]] = []
    for page in pages:
        after: dict[Key, Counter] = {}
        stopped: set[str] = set()
        for hit in hits(page):
            before = after.get(hit.key) or counted.get(hit.key) or _usable(counters[hit.key], page, now)
            if before.n >= hit.limit:
                stopped.add(hit.key.name)
            after[hit.key] = Counter(before.n + 1, before.purposes | hit.purposes, before.counted_since)
        full.append(frozenset(stopped))
        if not stopped:
            counted |= after
    return full, counted


def _usable(counter: Counter, page: Page, now: datetime) -> Counter:
    """A counter as far as this page may use it; what was counted under a consent that ended counts no more."""
    if counter.n and counts(counter.purposes, counter.counted_since, page.grants):
        return counter
    return Counter(0, frozenset(), page.decided_at or now)
