"""`dev-credentials.json`: what a developer needs to call a service that runs for trying out (API.md)."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from service.app import Desks
from service.kernel import auth
from service.kernel.database import Connection
from service.kernel.problem import Forbidden, Unauthenticated

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


async def write(desks: Desks, database_url: str) -> Path:
    """Write the file with credentials that work; those of an earlier start are kept while they do."""
    settings = desks.settings
    path = settings.data_dir / "dev-credentials.json"
    outbox = settings.data_dir / "mail"
    outbox.mkdir(parents=True, exist_ok=True)
    earlier = _earlier(path)
    if earlier is None or not await _work(desks, earlier):
        earlier = await desks.database.run("development.credentials", lambda connection: _new(connection, desks))
    credentials = msgspec.structs.replace(
        earlier, base_url=settings.issuer, database_url=database_url, outbox_dir=str(outbox)
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


def _earlier(path: Path) -> Credentials | None:
    try:
        return read(path)
    except (OSError, ValueError):
        return None


async def _work(desks: Desks, credentials: Credentials) -> bool:
    """Whether the database still knows all of them."""
    origin = next(iter(desks.origins()), None)
    tokens = [credentials.secret_key, credentials.browser_key, *(officer.token for officer in credentials.officers)]
    try:
        for token in tokens:
            await desks.gate.admit(f"Bearer {token}", origin)
    except (Unauthenticated, Forbidden):
        return False
    return True


async def _new(connection: Connection, desks: Desks) -> Credentials:
    site = next(iter(desks.policy.current.sites))
    return Credentials(
        base_url="",
        secret_key=await auth.add_key(connection, "server", auth.SERVER_SCOPES, None, "development"),
        browser_key=await auth.add_key(connection, "browser", auth.BROWSER_SCOPES, site, "development"),
        officers=[OfficerToken(login=login, token=await auth.add_officer(connection, login)) for login in OFFICERS],
        database_url="",
        outbox_dir="",
    )
