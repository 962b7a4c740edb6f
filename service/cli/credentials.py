"""`dev-credentials.json`: what a developer needs to call a service that runs for trying out (API.md)."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from service.app import Desks
from service.kernel import auth
from service.kernel.database import Connection
from service.kernel.problem import Unauthenticated

OFFICERS = ("officer-one", "officer-two")


class OfficerToken(Struct, frozen=True):
    """An officer and the token to act as them."""

    login: str
    token: str


class Credentials(Struct, frozen=True):
    """The file as it is written."""

    base_url: str
    secret_key: str
    browser_key: str
    officers: list[OfficerToken]
    database_url: str
    outbox_dir: str
    keyring_url: str = ""

    @property
    def tokens(self) -> list[str]:
        """Every secret of the file that somebody may call with."""
        return [self.secret_key, self.browser_key, *(officer.token for officer in self.officers)]


NONE = Credentials(base_url="", secret_key="", browser_key="", officers=[], database_url="", outbox_dir="")


async def write(desks: Desks, database_url: str, keyring_url: str) -> Path:
    """Write the file with credentials that work; those of an earlier start are kept while they do."""
    settings = desks.settings
    path = settings.data_dir / "dev-credentials.json"
    outbox = settings.outbox_dir
    outbox.mkdir(parents=True, exist_ok=True)
    earlier = _earlier(path)
    working = {token for token in earlier.tokens if token and await _works(desks, token)}
    made = await desks.database.run("development.credentials", lambda c: _completed(c, desks, earlier, working))
    credentials = msgspec.structs.replace(
        made,
        base_url=settings.issuer,
        database_url=database_url,
        outbox_dir=str(outbox),
        keyring_url=keyring_url,
    )
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(credentials)) + b"\n")
    part.replace(path)
    return path


def read(path: Path) -> Credentials:
    """The credentials in a file; raises `OSError` or `ValueError` where there are none."""
    return msgspec.json.decode(path.read_bytes(), type=Credentials)


def _earlier(path: Path) -> Credentials:
    try:
        return read(path)
    except (OSError, ValueError):
        return NONE


async def _works(desks: Desks, token: str) -> bool:
    """Whether the database still knows it, for all that a key may do now, and the bundle its site."""
    try:
        holder = await desks.gate.holder(token)
    except Unauthenticated:
        return False
    if holder.kind == "server":
        return holder.scopes >= auth.SERVER_SCOPES
    return holder.site is None or holder.site in desks.policy.current.sites


async def _completed(connection: Connection, desks: Desks, earlier: Credentials, working: set[str]) -> Credentials:
    """The earlier credentials that work, and new ones in the place of the others."""
    site = next(iter(desks.policy.current.sites))
    tokens = {officer.login: officer.token for officer in earlier.officers if officer.token in working}
    secret_key = earlier.secret_key if earlier.secret_key in working else None
    browser_key = earlier.browser_key if earlier.browser_key in working else None
    return msgspec.structs.replace(
        earlier,
        secret_key=secret_key or await auth.add_key(connection, "server", auth.SERVER_SCOPES, None, "development"),
        browser_key=browser_key or await auth.add_key(connection, "browser", auth.BROWSER_SCOPES, site, "development"),
        officers=[
            OfficerToken(login=login, token=tokens.get(login) or await auth.add_officer(connection, login))
            for login in OFFICERS
        ],
    )
