"""Who calls: keys of servers and browsers, officers with a token or a session. Each request asks; revoked is refused.

A credential is `{prefix}_{public half}_{256 random bits}`; of the secret half only its SHA-256 is stored, which nobody
can guess back (S2).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

from litestar.connection import ASGIConnection, Request
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Scope
from msgspec import Struct, structs

from service.kernel import sessions
from service.kernel.batching import Batches
from service.kernel.clock import Moment, moment_of
from service.kernel.crypto import digest, from_text, random_key, same, to_text
from service.kernel.database import Connection, Database, Row
from service.kernel.gpc import signalled
from service.kernel.headers import first
from service.kernel.ids import new_id
from service.kernel.limits import Caller, Limits
from service.kernel.problem import Forbidden, LoginStale, Unauthenticated, Unavailable
from service.kernel.queries import load

QUERIES = load(__package__)

Said = TypeVar("Said", bound=Struct)
type_of_caller = Literal["server", "browser", "officer"]
SERVER_SCOPES = frozenset(
    {
        "consent:read",
        "consent:write",
        "journey:read",
        "journey:write",
        "decisions",
        "decisions:read",
        "reports:read",
        "rights:write",
        "pseudonyms",
        "bundles:read",
        "consent:changes",
    }
)
BROWSER_SCOPES = frozenset({"consent:write", "journey:write", "decisions", "rights:write"})
OFFICER_SCOPES = frozenset(
    {"bundles:activate", "bundles:read", "decisions:read", "reports:read", "rights:write", "rights:decide"}
)
PREFIXES: dict[str, type_of_caller] = {"sk": "server", "pk": "browser", "ot": "officer"}


class Principal(Struct, frozen=True):
    """A caller whose credential was good, and what it may do. `fresh`: it was not too long ago that it was shown.

    `recipient`: whose key it is, where it is not the controller's own.
    """

    kind: type_of_caller
    principal_id: str
    scopes: frozenset[str]
    site: str | None = None
    fresh: bool = True
    recipient: str | None = None


class Credential(Struct, frozen=True):
    """A credential as it is shown once and as it is kept."""

    text: str
    public_half: str
    secret_hash: bytes


def mint(prefix: Literal["sk", "pk", "ot"]) -> Credential:
    """A new random credential."""
    secret, public_half = random_key(), new_id().hex
    return Credential(
        text=f"{prefix}_{public_half}_{to_text(secret)}", public_half=public_half, secret_hash=digest(secret)
    )


class Gate:
    """Turns the credential of a request into a `Principal`."""

    def __init__(
        self,
        database: Database,
        origins: Callable[[str], Iterable[str]],
        limits: Limits,
        *,
        home: str,
        development: bool,
    ) -> None:
        """A gate for the sites that `origins` knows; only in development may a server choose the time.

        `home` is the origin of our own pages.
        """
        self._home = home
        self.development = development
        self._limits = limits
        self._database = database
        self._origins = origins
        self._keys: Batches[str, Row | None] = Batches(self._read_keys)

    async def admit(self, authorization: str | None, origin: str | None, address: str = "") -> Principal:
        """The caller, who comes from `address`, which is that of the connection.

        Raises `TooManyRequests` before the database is asked (S6), `Unauthenticated`, or `Forbidden` for a browser key
        outside its site's origins (S1).
        """
        scheme, _, credential = (authorization or "").partition(" ")
        prefix = credential.partition("_")[0]
        caller = Caller(prefix == "pk", digest(credential.encode()), address)
        self._limits.charge(caller)
        if scheme.lower() != "bearer" or prefix not in PREFIXES:
            raise Unauthenticated("Send `Authorization: Bearer` with a key of this service or an officer's token.")
        try:
            principal = await self.holder(credential)
        except Unauthenticated:
            self._limits.forget(caller)
            raise
        self._limits.know(caller)
        if principal.kind == "browser" and (not origin or origin not in self._origins(principal.site or "")):
            raise Forbidden("A publishable key works from the origins of its site only; sites.toml lists them.")
        return principal

    async def resume(self, scope: Scope, secret: str, address: str) -> Principal:
        """The officer whose session a page of our own carries (S7).

        Raises `TooManyRequests`, `Forbidden` for a page of another origin, and `Unauthenticated`.
        """
        caller = Caller(browser=False, credential_hash=digest(secret.encode()), address=address)
        self._limits.charge(caller)
        sessions.require_own_page(scope, self._home)
        session = await sessions.find(self._database, secret)
        if session is None:
            self._limits.forget(caller)
            raise Unauthenticated("This session has ended; log in again.")
        self._limits.know(caller)
        return Principal("officer", str(session.officer_id), OFFICER_SCOPES, fresh=session.fresh)

    def pass_by(self, address: str) -> None:
        """Count a request that needs no credential as one of a stranger; raises `TooManyRequests` (S6)."""
        self._limits.charge(Caller(browser=True, credential_hash=b"", address=address))

    async def holder(self, credential: str) -> Principal:
        """Whose credential it is, wherever it is used; raises `Unauthenticated`."""
        prefix, _, rest = credential.partition("_")
        public_half, _, secret_text = rest.partition("_")
        kind = PREFIXES[prefix]
        try:
            secret_hash = digest(from_text(secret_text))
        except ValueError:
            raise Unauthenticated("This credential was cut off or changed on its way.") from None
        return await (self._officer if kind == "officer" else self._key)(public_half, secret_hash, kind)

    async def _key(self, public_half: str, secret_hash: bytes, kind: type_of_caller) -> Principal:
        row = await self._keys.answer(public_half)
        if not same(row["key_hash"] if row else bytes(32), secret_hash) or not row or row["kind"] != kind:
            raise Unauthenticated("This key is unknown or revoked.")
        scopes, site, recipient = frozenset(row["scopes"]), row["site"], row["recipient"]
        return Principal(kind, row["key_id"], scopes, site, recipient=recipient)

    async def _read_keys(self, public_halves: Sequence[str]) -> "list[Row | None]":
        rows = await self._database.fetch(QUERIES["keys"], list(set(public_halves)))
        found = {row["key_id"]: row for row in rows}
        return [found.get(public_half) for public_half in public_halves]

    async def _officer(self, public_half: str, secret_hash: bytes, kind: type_of_caller) -> Principal:
        row = await self._database.fetchrow(QUERIES["officer"], public_half)
        if not same(row["token_hash"] if row else bytes(32), secret_hash) or not row:
            raise Unauthenticated("This officer's token is unknown or revoked.")
        return Principal(kind=kind, principal_id=str(row["officer_id"]), scopes=OFFICER_SCOPES)


class Admission(Struct, frozen=True):
    """Who was let in, when, and whether with Global Privacy Control on: the `user` of a request behind a guard."""

    principal: Principal
    moment: Moment
    gpc: bool

    def heard(self, said: Said) -> Said:
        """What was said, which may speak of the signal in a field `gpc`, with the signal of its request (C16).

        A browser has the header to say so, and what its page says instead does not count.
        """
        return structs.replace(said, gpc=self.gpc) if self.gpc or self.principal.kind == "browser" else said


AdmittedRequest = Request[Admission, Any, Any]
"""A request whose guard let its caller in."""
type_of_guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Any]

NOBODY = Principal(kind="server", principal_id="", scopes=frozenset())
"""Stands for a caller whose credential could not be checked."""


async def authenticated(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: the caller's credential is good, whatever it may do."""
    gate: Gate = connection.app.state.gate
    sent, origin = first(connection.scope, b"authorization"), first(connection.scope, b"origin")
    if sent is None and (secret := sessions.cookie_in(connection.scope)):
        principal = await gate.resume(connection.scope, secret, _address(connection))
    else:
        principal = await gate.admit(sent, origin, _address(connection))
    _admit(connection, gate, principal)


def freshly(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard, behind another: whoever calls has shown who they are with this request, or logged in a moment ago."""
    if not connection.scope["user"].principal.fresh:
        minutes = int(sessions.FRESH.total_seconds() // 60)
        raise LoginStale(f"This needs a login of the last {minutes} minutes; log in again, and nothing else is lost.")


def anyone(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: no credential is needed or looked at, and each address may ask as often as a stranger."""
    gate: Gate = connection.app.state.gate
    gate.pass_by(_address(connection))


def _address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    client = connection.scope["client"]
    return client[0] if client else ""


def may(*scopes: str, browser: str | None = None) -> type_of_guard:
    """Guard: the caller's credential is good and has one of the scopes; `browser` is what a page needs in their place.

    A page acts for its own visitor only, so that what a server may do for anybody can ask for more.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await authenticated(connection, handler)
        principal: Principal = connection.scope["user"].principal
        needed = (browser,) if browser and principal.kind == "browser" else scopes
        if not principal.scopes.intersection(needed):
            raise Forbidden(f"This needs the scope {' or '.join(needed)}, which this credential does not have.")

    return guard


def may_or_unavailable(*scopes: str) -> type_of_guard:
    """Guard: like `may`, but a database that cannot be reached is left for the handler to answer in its own words.

    Nobody was let in then: the principal is `NOBODY`, and the handler must not do anything but say so.
    """
    strict = may(*scopes)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        try:
            await strict(connection, handler)
        except Unavailable:
            _admit(connection, connection.app.state.gate, NOBODY)

    return guard


def _admit(connection: ASGIConnection[Any, Any, Any, Any], gate: Gate, principal: Principal) -> None:
    chosen = gate.development and principal.kind == "server"
    moment = moment_of(connection, allowed=chosen)
    connection.scope["user"] = Admission(principal=principal, moment=moment, gpc=signalled(connection))


async def add_key(
    connection: Connection,
    kind: Literal["server", "browser"],
    scopes: Iterable[str],
    site: str | None,
    label: str,
    recipient: str | None = None,
) -> str:
    """Make and keep a key; returns its text, which is shown once and never stored."""
    credential = mint("sk" if kind == "server" else "pk")
    await connection.execute(
        QUERIES["add_key"], credential.public_half, kind, credential.secret_hash, sorted(scopes), site, label, recipient
    )
    return credential.text


async def add_officer(connection: Connection, login: str) -> str:
    """Add an officer, or give one a new token; returns the token, which is shown once and never stored."""
    credential = mint("ot")
    await connection.execute(QUERIES["add_officer"], new_id(), login, credential.public_half, credential.secret_hash)
    return credential.text
