"""A recipient as a test plays it: it follows the changes, and keeps a copy."""

from typing import Any

import httpx

from service.kernel import auth
from service.kernel.database import Connection
from tests.running import Running, succeeded
from tests.sequencing import sequencer_of

CHANGES = "/v1/consents/changes"


async def key_of(service: Running, recipient: str) -> str:
    """A key of a recipient."""

    async def work(connection: Connection) -> str:
        return await auth.add_key(connection, "server", ["consent:changes"], None, "test", recipient)

    return await service.database.run("test.key", work)


class Copy:
    """What a recipient knows by its pseudonyms, as the documentation tells it to keep it."""

    def __init__(self, service: Running, key: str) -> None:
        self.service = service
        self.key = key
        self.people: dict[str, dict[str, Any]] = {}
        self.pages: list[dict[str, Any]] = []
        self.place: str | None = None

    async def ask(self, **query: Any) -> httpx.Response:
        """Ask for one page."""
        asked = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
        return await self.service.get(f"{CHANGES}?{asked}", key=self.key)

    async def refresh(self, wait: int = 0) -> list[dict[str, Any]]:
        """Take in whatever there is; returns the changes, in order."""
        came: list[dict[str, Any]] = []
        while True:
            page = succeeded(await self.ask(after=self.place, wait=wait))
            self.pages.append(page)
            self.place = page["next"]
            came += page["changes"]
            for change in page["changes"]:
                if change["erased"]:
                    self.people.pop(change["pseudonym"], None)
                else:
                    self.people[change["pseudonym"]] = change["purposes"]
            if not page["more"]:
                return came

    def allowed(self, purpose: str) -> list[bool]:
        """Of everybody who is known, whether a purpose is allowed."""
        return [purposes[purpose]["allowed"] for purposes in self.people.values()]


async def followed(service: Running, recipient: str) -> Copy:
    """An empty copy of a recipient."""
    return Copy(service, await key_of(service, recipient))


async def grow(service: Running) -> None:
    """Let everything that was recorded enter the tree."""
    await sequencer_of(service).run()
