"""What linking writes: entries of both subjects, the projections that follow from them, and where the lookup leads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from service.consent import store as consent_store
from service.consent.consequences import Consequences
from service.consent.linking import rules, store
from service.consent.linking.model import Merger
from service.consent.model import ConsentState, Objection, Said
from service.consent.past import Past
from service.consent.protection import store as protection_store
from service.consent.protection.model import ObjectedPurpose
from service.consent.rules import fold, standing_at
from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger.model import Entry
from service.subjects import store as subjects_store

TAKEN = frozenset({"site", "notice", "method", "collected_at", "minor", "guardian_verified"})
"""What a decision that is taken over still says of how it was made; evidence stays with whom it was observed of."""


class Ends(Struct, frozen=True):
    """A lookup, whose own it is, to whom it is or will be linked, and when that changes under which bundle."""

    lookup: bytes
    anonymous: UUID
    known: UUID
    at: datetime
    bundle: str

    def entry(self, kind: str, subject_id: UUID, link: UUID, entry_id: UUID | None = None, **facts: Any) -> Entry:
        """An entry of either of them that names the link."""
        facts |= {"link": str(link), "bundle": self.bundle}
        return ledger_rules.entry(kind, subject_id, entry_id or new_id(), self.at, self.at, facts)


async def join(connection: Connection, ends: Ends, known: Past, merger: Merger, consequences: Consequences) -> UUID:
    """Link, and give the known subject what a merger says; returns the link: the entry that all it brought names."""
    link = new_id()
    said = [rules.taken_over(state, new_id(), link, ends.at) for state in merger.states]
    objections = [replace(o, entry_id=new_id(), effective_at=ends.at) for o in merger.objections]
    payloads = await store.payloads(connection, ends.anonymous, [state.entry_id for state in merger.states])
    restrictions = [ends.entry(consent_store.RESTRICTION, ends.known, link)] if merger.restricted else []
    entries = [
        ends.entry(consent_store.LINK, ends.known, link, link),
        ends.entry(consent_store.LINKED, ends.anonymous, link),
        *(_taken(ends, s, payloads[state.entry_id]) for s, state in zip(said, merger.states, strict=True)),
        *(_objection(ends, link, objection) for objection in objections),
        *restrictions,
    ]
    await ledger.append(connection, entries)
    states = await _project(connection, ends.known, [*known.said, *said], {s.purpose for s in said})
    await _object(connection, ends.known, objections)
    for entry in restrictions:
        await protection_store.restrict(connection, ends.known, entry.entry_id, ends.at)
    await subjects_store.link(connection, ends.lookup, ends.known)
    await subjects_store.bump(connection, [ends.anonymous, ends.known])
    await consequences.follow(connection, entries, states)
    if objections:
        await consequences.delete(connection, [ends.known])
    return link


async def part(connection: Connection, ends: Ends, link: UUID, known: Past, consequences: Consequences) -> Past:
    """Undo a link; returns the known subject's past without what it had brought."""
    after = rules.without(known, link)
    standing = standing_at(after, rules.ALWAYS, None)
    entries = [
        ends.entry(consent_store.UNLINK, ends.known, link),
        ends.entry(consent_store.UNLINKED, ends.anonymous, link),
    ]
    await ledger.append(connection, entries)
    states = await _project(connection, ends.known, after.said, rules.brought(known, link))
    objected = {objection.purpose for objection in known.objections if objection.link == link}
    await protection_store.retract(connection, ends.known, objected)
    await _object(connection, ends.known, [o for o in standing.objections if o.purpose in objected])
    if any(restriction.link == link for restriction in known.restrictions):
        await protection_store.lift(connection, ends.known)
        for restriction in after.restrictions:
            if restriction.entry_id == standing.restriction:
                await protection_store.restrict(connection, ends.known, restriction.entry_id, restriction.effective_at)
    await subjects_store.unlink(connection, ends.lookup)
    await subjects_store.bump(connection, [ends.anonymous, ends.known])
    await consequences.announce(connection, states)
    return after


async def leave(connection: Connection, ends: Ends, link: UUID) -> None:
    """Let one browser go home without undoing its link: what that brought the known subject stays, as theirs (I7)."""
    await ledger.append(connection, [ends.entry(consent_store.UNLINKED, ends.anonymous, link)])
    await subjects_store.unlink(connection, ends.lookup)
    await subjects_store.bump(connection, [ends.anonymous, ends.known])


async def release(connection: Connection, known: UUID, at: datetime, bundle: str) -> None:
    """Let every browser that is linked to a subject about to be erased go home. The caller holds the subject's lock.

    Whoever writes for one of these browsers needs that lock too: their lookups lead there.
    """
    homes = await subjects_store.release(connection, known)
    if not homes:
        return
    links = await store.links(connection, homes)
    facts = {home: {"link": str(links[home]), "bundle": bundle} for home in homes}
    kind = consent_store.UNLINKED
    await ledger.append(connection, [ledger_rules.entry(kind, h, new_id(), at, at, facts[h]) for h in homes])
    await subjects_store.bump(connection, homes)


def _taken(ends: Ends, said: Said, payload: Mapping[str, Any]) -> Entry:
    facts = {
        **{name: payload[name] for name in TAKEN & payload.keys()},
        "purpose": said.purpose,
        "status": said.status.value,
        "valid_until": ledger_rules.instant(said.valid_until) if said.valid_until else None,
        "gpc": said.gpc,
        "bundle": ends.bundle,
        "link": str(said.link),
    }
    return ledger_rules.entry(
        consent_store.CONSENT, ends.known, said.entry_id, said.effective_at, said.recorded_at, facts
    )


def _objection(ends: Ends, link: UUID, objection: Objection) -> Entry:
    return ends.entry(
        consent_store.OBJECTION,
        ends.known,
        link,
        objection.entry_id,
        purpose=objection.purpose,
        direct_marketing=objection.direct_marketing,
    )


async def _project(
    connection: Connection, known: UUID, history: Sequence[Said], purposes: Collection[str]
) -> Mapping[tuple[UUID, str], ConsentState]:
    """Write where the known subject stands on purposes now, or that they stand nowhere; returns where they stand."""
    folded = fold(history)
    states = {(known, purpose): folded[purpose] for purpose in purposes if purpose in folded}
    await consent_store.project(connection, [(known, state) for state in states.values()])
    await consent_store.retract(connection, known, [purpose for purpose in purposes if purpose not in folded])
    return states


async def _object(connection: Connection, known: UUID, objections: Sequence[Objection]) -> None:
    objected = [ObjectedPurpose(o.entry_id, o.purpose, o.effective_at, o.effective_at) for o in objections]
    await protection_store.objections(connection, known, objected, [o.direct_marketing for o in objections])
