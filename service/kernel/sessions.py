"""Sessions of officers: a cookie in place of a token. Of its 256 random bits only the SHA-256 is stored."""

from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from uuid import UUID

from litestar.types import Scope
from msgspec import Struct

from service.kernel.crypto import digest, from_text, random_key, to_text
from service.kernel.database import Connection, Reader
from service.kernel.headers import first, values
from service.kernel.problem import Forbidden
from service.kernel.queries import load

QUERIES = load(__package__)

COOKIE = "placet-session"
LONGEST = timedelta(hours=8)
"""How long a session lasts: a working day."""
FRESH = timedelta(minutes=10)
"""How long after the login the gravest steps may be taken."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Session(Struct, frozen=True):
    """A session that is good: whose it is, and whether they proved a moment ago who they are."""

    officer_id: UUID
    fresh: bool


class Opened(Struct, frozen=True):
    """A new session: the secret for the cookie, which is shown once and never stored, and until when it is good."""

    secret: str
    expires_at: datetime


def cookie_in(scope: Scope) -> str | None:
    """The secret of a session that a request carries; None where it carries none that can be read."""
    cookies: SimpleCookie = SimpleCookie()
    for header in values(scope, b"cookie"):
        try:
            cookies.load(header)
        except CookieError:
            continue
    morsel = cookies.get(COOKIE)
    return morsel.value if morsel else None


def cookie_of(secret: str, seconds: int, *, secure: bool) -> str:
    """The header that sets the cookie for so long; 0 takes it back. No script reads it, and no other site sends it."""
    attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return f"{COOKIE}={secret}; {attributes}; Secure" if secure else f"{COOKIE}={secret}; {attributes}"


def require_own_page(scope: Scope, home: str) -> None:
    """Refuse what another site lets a browser send along with the cookie; raises `Forbidden` (S7).

    A browser names the origin of the page in every request that may change something (Fetch standard).
    """
    changes = scope["type"] == "http" and scope["method"] not in SAFE
    if changes and first(scope, b"origin") != home:
        raise Forbidden(f"A session works from the pages at {home} only; programs send an officer's token instead.")


async def begin(connection: Connection, officer_id: UUID) -> Opened:
    """Log an officer in."""
    secret = random_key()
    expires_at = await connection.fetchval(QUERIES["begin_session"], digest(secret), officer_id, LONGEST)
    return Opened(to_text(secret), expires_at)


async def find(reader: Reader, secret: str) -> Session | None:
    """The session of a cookie; None for one that is unknown, has expired or was ended, or whose officer was revoked."""
    if (hashed := _hash(secret)) is None:
        return None
    row = await reader.fetchrow(QUERIES["session"], hashed, FRESH)
    return Session(row["officer_id"], row["fresh"]) if row else None


async def end(connection: Connection, secret: str) -> None:
    """Log out; a session that is unknown is ended already."""
    if (hashed := _hash(secret)) is not None:
        await connection.execute(QUERIES["end_session"], hashed)


async def forget(connection: Connection) -> None:
    """Delete the sessions that have expired."""
    await connection.execute(QUERIES["forget_sessions"])


def _hash(secret: str) -> bytes | None:
    try:
        return digest(from_text(secret))
    except ValueError:
        return None
