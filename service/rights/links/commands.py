"""The verbs of links: issue one, and follow it."""

from datetime import datetime, timedelta
from uuid import UUID

from service.kernel.crypto import Hasher, random_key, to_text
from service.kernel.database import Connection, Database
from service.rights.links import store
from service.rights.links.model import Link, LinkExpired, LinkUnknown, LinkUsed
from service.rights.model import State

LASTS = timedelta(hours=72)
HASHED = b"package-link"


class Links:
    """Lets people fetch their package with nothing but what was sent to their own address."""

    def __init__(self, database: Database, tokens: Hasher) -> None:
        self._database = database
        self._tokens = tokens

    async def issue(self, connection: Connection, request_id: UUID, at: datetime | None) -> str:
        """The token of a new link, which is told once and stored nowhere; an earlier link of the request is void."""
        token = to_text(random_key())
        await store.issue(connection, request_id, self._hash(token), at, LASTS)
        return token

    async def follow(self, token: str, now: datetime) -> Link:
        """Where a token leads; raises `LinkUnknown`, `LinkUsed`, `LinkExpired`, each after one look-up by its hash.

        What is compared is a keyed hash, so that no guess comes nearer by being timed.
        """
        link = await store.link(self._database, self._hash(token))
        if link is None:
            raise LinkUnknown("Follow the link as it was sent to you, whole; of several the last one counts.")
        if link.state is not State.RUNNING:
            raise LinkUsed(
                "Each link works once. If it was not you who used it, tell us; for another package ask again."
            )
        if link.expires_at <= now:
            raise LinkExpired("It worked for 72 hours. Ask us for a new one: your request is still open.")
        return link

    def _hash(self, token: str) -> bytes:
        return self._tokens.hash(HASHED, token.encode(errors="surrogatepass"))
