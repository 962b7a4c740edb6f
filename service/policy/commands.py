"""The verbs of policy: check a folder, freeze it, make it the active bundle, and look up what an old one said."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from service.kernel.database import Connection, Database
from service.kernel.log import event
from service.kernel.problem import Unavailable
from service.policy import store
from service.policy.load import read, thawed, unchanged
from service.policy.model import (
    Bundle,
    BundleActivated,
    BundleInForce,
    BundleRefused,
    PoliciesDiffer,
    PoliciesRefused,
    Reviewed,
)
from service.policy.notice import SHA256, Edition, Notice


class ActivePolicy:
    """The bundle in force. Whoever decides something asks once, and uses one bundle to the end."""

    def __init__(self, bundle: Bundle) -> None:
        self.current = bundle
        self.since: datetime | None = None

    def take(self, bundle: Bundle, since: datetime) -> None:
        """Put a bundle in force that was activated at a time, unless a later one is in force here already."""
        if self.since is None or since > self.since:
            if bundle.digest != self.current.digest:
                event("policy.activated", bundle=bundle.digest)
            self.current, self.since = bundle, since


KEPT = 1000
"""Texts of which it is remembered that they are kept."""


class Archive:
    """Every bundle that was ever active, and every text that came with an import.

    A bundle that somebody asked about stays in memory: it never changes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thawed: dict[str, Bundle] = {}
        self._kept: set[str] = set()

    async def keep(self, notice: Notice) -> None:
        """Keep a text that no bundle has, before anything names it (Art. 7(1))."""
        if notice.sha256 in self._kept:
            return
        await self._database.run("policy.keep_text", lambda connection: store.keep_text(connection, notice))
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept.add(notice.sha256)

    async def shown(self, site_id: str, edition: Edition) -> tuple[Bundle, Notice] | None:
        """An edition of a site's notice, from the bundle that showed it last; None where there never was one.

        A bundle fills old texts with its own facts. So whoever shows an edition as the newest is believed before
        whoever merely holds it.
        """
        held: tuple[Bundle, Notice] | None = None
        async for bundle in self._latest_first():
            notice = bundle.edition(site_id, edition)
            if notice is None:
                continue
            if bundle.current_notice(notice.id, notice.language).version == notice.version:
                return bundle, notice
            held = held or (bundle, notice)
        return held or await self._of_elsewhere(site_id, edition)

    async def _of_elsewhere(self, site_id: str, edition: Edition) -> tuple[Bundle, Notice] | None:
        """A text that came with an import: its hash is its only name."""
        known = edition.sha256 is not None and SHA256.fullmatch(edition.sha256)
        notice = await store.text(self._database, edition.sha256) if edition.sha256 and known else None
        if notice is None or not edition.fits(notice):
            return None
        async for bundle in self._latest_first():
            if site_id in bundle.sites and bundle.sites[site_id].notice == notice.id:
                return bundle, notice
        return None

    async def bundle(self, digest: str, connection: Connection | None = None) -> Bundle:
        """A bundle that was active once, by its digest; read on a connection where the caller has one already."""
        if digest not in self._thawed:
            self._thawed[digest] = thawed(await store.content(connection or self._database, digest))
        return self._thawed[digest]

    async def latest(self) -> Bundle | None:
        """The bundle that was activated last; None where none ever was."""
        return await anext(self._latest_first(), None)

    async def in_force(self, times: Collection[datetime]) -> Mapping[datetime, Bundle]:
        """The bundle that was in force at each time; before all of them the first, since nothing older is known."""
        known = await store.activations(self._database)
        found = {time: known[max(bisect_right(known, time, key=_since) - 1, 0)].digest for time in times}
        return {time: await self.bundle(digest) for time, digest in found.items()}

    async def retention(self) -> dict[str, int]:
        """For how many days each purpose that there ever was keeps data, by the last bundle that had it."""
        days: dict[str, int] = {}
        async for bundle in self._latest_first():
            days = {purpose.id: purpose.retention_days for purpose in bundle.purposes.values()} | days
        return days

    async def _latest_first(self) -> AsyncIterator[Bundle]:
        for digest in dict.fromkeys(a.digest for a in reversed(await store.activations(self._database))):
            yield await self.bundle(digest)


def _since(activation: store.Activation) -> datetime:
    return activation.activated_at


async def activate(database: Database, folder: Path) -> Bundle:
    """Check `folder`, freeze it, make it the active bundle and return it; raises `BundleRefused` with every mistake."""
    bundle, content = read(folder)

    await _activate(database, bundle, content, None)
    return bundle


async def _activate(
    database: Database, bundle: Bundle, content: bytes, officer_id: UUID | None
) -> tuple[store.Activation | None, store.Activation]:
    async def keep(connection: Connection) -> tuple[store.Activation | None, store.Activation]:
        return await store.activate(connection, bundle.digest, content, officer_id)

    return await database.run("policy.activate", keep)


class BundleDesk:
    """Changes the bundle in force while the service runs: what asks for a decision now is decided by the old one."""

    def __init__(self, *, database: Database, policy: ActivePolicy, folder: Path) -> None:
        self._database = database
        self._policy = policy
        self._folder = folder

    async def activate(self, reviewed: Reviewed, officer_id: UUID | None) -> BundleActivated:
        """Read the folder again, check it, and put it in force, all or nothing.

        Raises `PoliciesRefused` with every mistake, and `PoliciesDiffer` where it is not what was reviewed, or is being
        changed at this moment.
        """
        try:
            bundle, content = await asyncio.to_thread(read, self._folder)
        except BundleRefused as refused:
            raise PoliciesRefused.of(refused) from refused
        if not await asyncio.to_thread(unchanged, self._folder, content):
            raise PoliciesDiffer("The folder was changed while it was read; ask again when that is done.")
        if reviewed.digest not in (None, bundle.digest):
            raise PoliciesDiffer(f"The folder holds {bundle.digest}; review that one, or put the other one back.")
        before, now = await _activate(self._database, bundle, content, officer_id)
        self._policy.take(bundle, now.activated_at)
        told = before.digest if before else bundle.digest
        return BundleActivated(changed=told != bundle.digest, before=told, bundle=_in_force(bundle, now))

    async def reload(self) -> None:
        """The same at a signal; nobody waits for an answer, so that what hinders it is an event."""
        try:
            await self.activate(Reviewed(), None)
        except PoliciesRefused as refused:
            faults = [f"{fault.path}: {fault.message}" for fault in refused.faults]
            event("policy.refused", level=logging.ERROR, faults=faults)
        except (PoliciesDiffer, Unavailable) as problem:
            event("policy.refused", level=logging.ERROR, reason=problem.detail)

    async def current(self) -> BundleInForce:
        """The bundle that this process decides by."""
        bundle = self._policy.current
        known = [a for a in await store.activations(self._database) if a.digest == bundle.digest]
        return _in_force(bundle, known[-1])


def _in_force(bundle: Bundle, activation: store.Activation) -> BundleInForce:
    counted = {
        "purposes": bundle.purposes,
        "sites": bundle.sites,
        "recipients": bundle.recipients,
        "channels": bundle.channels,
        "journeys": bundle.journeys,
        "fields": bundle.fields,
        "personas": bundle.personas,
        "placements": bundle.placements,
        "offers": bundle.offers,
        "caps": bundle.contact.caps,
    }
    return BundleInForce(
        digest=bundle.digest,
        activated_at=activation.activated_at,
        activated_by=activation.officer_id,
        purposes=list(bundle.purposes),
        counts={kind: len(of_kind) for kind, of_kind in counted.items()},
    )
