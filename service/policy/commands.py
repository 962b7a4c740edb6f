"""The verbs of policy: check a folder, freeze it, make it the active bundle, and look up what an old one said."""

from collections.abc import AsyncIterator
from pathlib import Path

from service.kernel.database import Connection, Database
from service.policy import store
from service.policy.load import read, thawed
from service.policy.model import Bundle
from service.policy.notice import Edition, Notice


class ActivePolicy:
    """The bundle in force. Whoever decides something asks once, and uses one bundle to the end."""

    def __init__(self, bundle: Bundle) -> None:
        self.current = bundle


class Archive:
    """Every bundle that was ever active. One that somebody asked about stays in memory: it never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thawed: dict[str, Bundle] = {}

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
        return held

    async def latest(self) -> Bundle | None:
        """The bundle that was activated last; None where none ever was."""
        return await anext(self._latest_first(), None)

    async def _latest_first(self) -> AsyncIterator[Bundle]:
        for digest in await store.digests(self._database):
            if digest not in self._thawed:
                self._thawed[digest] = thawed(await store.content(self._database, digest))
            yield self._thawed[digest]


async def activate(database: Database, folder: Path) -> Bundle:
    """Check `folder`, keep its frozen form and return it; raises `BundleRefused` with every mistake."""
    bundle, content = read(folder)

    async def keep(connection: Connection) -> None:
        await store.activate(connection, bundle.digest, content)

    await database.run("policy.activate", keep)
    return bundle
