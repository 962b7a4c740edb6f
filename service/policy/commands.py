"""The verbs of policy: check a folder, freeze it, make it the active bundle, and look up what an old one said."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from pathlib import Path

from service.kernel.database import Connection, Database
from service.policy import store
from service.policy.load import read, thawed
from service.policy.model import Bundle
from service.policy.notice import SHA256, Edition, Notice


class ActivePolicy:
    """The bundle in force. Whoever decides something asks once, and uses one bundle to the end."""

    def __init__(self, bundle: Bundle) -> None:
        self.current = bundle


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

    async def bundle(self, digest: str) -> Bundle:
        """A bundle that was active once, by its digest."""
        if digest not in self._thawed:
            self._thawed[digest] = thawed(await store.content(self._database, digest))
        return self._thawed[digest]

    async def latest(self) -> Bundle | None:
        """The bundle that was activated last; None where none ever was."""
        return await anext(self._latest_first(), None)

    async def in_force(self, times: Collection[datetime]) -> Mapping[datetime, Bundle]:
        """The bundle that was in force at each time; before all of them the first, since nothing older is known."""
        known = await store.activations(self._database)
        found = {time: known[max(bisect_right(known, time, key=_since) - 1, 0)].digest for time in times}
        return {time: await self.bundle(digest) for time, digest in found.items()}

    async def _latest_first(self) -> AsyncIterator[Bundle]:
        for digest in dict.fromkeys(a.digest for a in reversed(await store.activations(self._database))):
            yield await self.bundle(digest)


def _since(activation: store.Activation) -> datetime:
    return activation.activated_at


async def activate(database: Database, folder: Path) -> Bundle:
    """Check `folder`, freeze it, make it the active bundle and return it; raises `BundleRefused` with every mistake."""
    bundle, content = read(folder)

    async def keep(connection: Connection) -> None:
        await store.activate(connection, bundle.digest, content)

    await database.run("policy.activate", keep)
    return bundle
