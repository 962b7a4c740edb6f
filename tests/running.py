"""The service as tests speak to it: over HTTP, with the credentials of a developer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from service.app import Desks, create_app
from service.cli import credentials
from service.cli.credentials import Credentials
from service.cli.keyring import BESIDE
from service.cli.serve import QUIET
from service.decisioning.learning.commands import following_tables
from service.kernel import auth, datamap
from service.kernel.database import Connection, Database
from service.ledger.gap.watch import Gap
from service.ledger.publication import Publication
from service.policy.commands import ActivePolicy, activate
from service.policy.following import keeping_up
from service.rights.journal.file import Journal
from service.rights.journal.gate import Gate, watching
from service.settings import Secret, Settings
from service.subjects.following import following
from service.subjects.keyfile import create_key_file
from service.subjects.keyring import load_key_file
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.recognition import recognise as recognise_keys
from service.subjects.recognition import recognise

ORIGIN = "http://127.0.0.1:8000"
NOTICE = {"id": "shop", "version": "1.0", "language": "it"}

Json = Mapping[str, Any]


def customer(value: str = "customer-1") -> dict[str, str]:
    """An identifier as a company's own system gives it."""
    return {"kind": "customer_id", "value": value}


def contact(subject: Json, event: str, at: str, **more: Any) -> dict[str, Any]:
    """One touchpoint, on the website unless said otherwise."""
    return {"subject": subject, "event": event, "channel": "web", "occurred_at": at, **more}


class Running:
    """A running service: its address, its credentials, and the words in which tests speak to it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        given: Credentials,
        desks: Desks,
        database_url: str,
        data_dir: Path,
        process: asyncio.subprocess.Process | None = None,
    ) -> None:
        self.http = http
        self.secret_key = given.secret_key
        self.browser_key = given.browser_key
        self.officers = [officer.token for officer in given.officers]
        self.desks = desks
        self.database = desks.database
        self.database_url = database_url
        self.keyring = desks.keys.database
        self.keyring_url = keyring_beside(database_url)
        self.data_dir = data_dir
        self.process = process

    def settings(self, data_dir: Path | None = None) -> dict[str, str]:
        """What a command is told of this deployment, with another copy of its keys if one is named."""
        files = data_dir or self.data_dir
        return {
            "PLACET_DATABASE_URL": self.database_url,
            "PLACET_KEYRING_URL": self.keyring_url,
            "PLACET_DATA_DIR": str(files),
            "PLACET_ROOT_KEY_FILE": str(files / "root.key"),
        }

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        now: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """POST as a server, or with another `key`; `now` sets the clock of this request."""
        return await self.http.post(path, json=body, headers=self._headers(key, now, headers))

    async def get(
        self,
        path: str,
        *,
        key: str | None = None,
        now: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """GET as a server, or with another `key`."""
        return await self.http.get(path, headers=self._headers(key, now, headers))

    def _headers(self, key: str | None, now: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
        own = {"Authorization": f"Bearer {key or self.secret_key}"}
        return own | ({"Placet-Now": now} if now else {}) | dict(headers or {})

    async def browse(
        self,
        path: str,
        body: Any = None,
        *,
        cookie: str | None = None,
        origin: str = ORIGIN,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """POST as a page of the shop does: publishable key, origin, and the visitor's cookie if there is one."""
        own = {"Origin": origin} | ({"Placet-Cookie": cookie} if cookie else {}) | dict(headers or {})
        return await self.post(path, body, key=self.browser_key, headers=own)

    async def record(
        self,
        subject: Json,
        decisions: Mapping[str, str],
        *,
        now: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Record decisions of a subject as a server does."""
        body = {"subject": subject, "site": "shop", "decisions": decisions, "notice": NOTICE, "method": "form", **more}
        return await self.post("/v1/consents", body, now=now, headers=headers)

    async def give(self, subject: Json, *purposes: str, now: str | None = None, **more: Any) -> dict[str, Any]:
        """Record grants, which must succeed; returns the answer."""
        return succeeded(await self.record(subject, dict.fromkeys(purposes, "given"), now=now, **more), 201)

    async def withdraw(
        self,
        subject: Json,
        purposes: Sequence[str] | str = "all",
        *,
        now: str | None = None,
    ) -> dict[str, Any]:
        """Withdraw, which must succeed; returns the answer."""
        body = {"subject": subject, "purposes": purposes, "site": "shop"}
        return succeeded(await self.post("/v1/consents/withdraw", body, now=now))

    async def check(self, subject: Json, purpose: str, *, now: str | None = None, **more: Any) -> dict[str, Any]:
        """The verdict on one purpose."""
        answer = await self.post("/v1/consents/check", {"subject": subject, "purposes": [purpose], **more}, now=now)
        return succeeded(answer)["results"][purpose]

    async def decide(
        self,
        subject: Json | None,
        *placements: str,
        now: str | None = None,
        **more: Any,
    ) -> list[dict[str, Any]]:
        """The decisions for placements of the shop."""
        body = {"site": "shop", "placements": list(placements), **({"subject": subject} if subject else {}), **more}
        return succeeded(await self.post("/v1/decisions", body, now=now))["decisions"]

    async def touch(
        self,
        subject: Json,
        event: str,
        at: str,
        *,
        now: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Report one touchpoint; returns its outcome."""
        (outcome,) = await self.touch_all([contact(subject, event, at, **more)], now=now)
        return outcome

    async def touch_all(self, contacts: Sequence[Json], *, now: str | None = None) -> list[dict[str, Any]]:
        """Report touchpoints in one call; returns their outcomes."""
        return succeeded(await self.post("/v1/touchpoints", {"touchpoints": contacts}, now=now))["outcomes"]

    async def position(self, subject: Json, *, now: str | None = None, **more: Any) -> dict[str, Any]:
        """Where somebody is in a journey, which must be allowed."""
        return succeeded(await self.post("/v1/journeys/position", {"subject": subject, **more}, now=now))

    async def key(self, *scopes: str, site: str | None = None) -> str:
        """A new secret key with these scopes alone; with a site, a publishable key of that site."""

        async def work(connection: Connection) -> str:
            return await auth.add_key(connection, "browser" if site else "server", scopes, site, "test")

        return await self.database.run("test.key", work)

    async def contents(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = await self.database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"]: await self.count(row["tablename"]) for row in tables}

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        return await self.database.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name that a test writes


def succeeded(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The content of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer must be."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["type"].rpartition("/")[2]) == (status, slug), problem
    return problem


def keyring_beside(database_url: str) -> str:
    """The address of the keyring's database of a test, which stands beside the other one as in development."""
    return urlunsplit(urlsplit(database_url)._replace(path=urlsplit(database_url).path + BESIDE))


@asynccontextmanager
async def running(
    database_url: str,
    policies_dir: Path,
    data_dir: Path,
    *,
    environment: str = "development",
    keyring_url: str | None = None,
    follows: bool = True,
    **rates: int,
) -> AsyncIterator[Running]:
    """Run the service on a migrated database; unless it `follows`, it learns of no rotation and no bundle by itself."""
    port = _free_port()
    settings = Settings(
        environment="development" if environment == "development" else "production",
        database_url=Secret(database_url),
        data_dir=data_dir,
        root_key_file=data_dir / "root.key",
        policies_dir=policies_dir,
        port=port,
        pool_size=5,
        **rates,
    )
    if not settings.key_file.exists():
        create_key_file(settings)
    gate = Gate(Journal(settings.journal), Gap(Publication(settings.published)))
    database, keyring = Database(database_url, size=5, require=gate.require), load_key_file(settings)
    keys = SubjectKeys(Database(keyring_url or keyring_beside(database_url), size=5), keyring)
    await recognise(database, keyring, settings.key_file)
    await recognise_keys(database, keys)
    policy = ActivePolicy(await activate(database, policies_dir))
    desks = Desks(settings, keyring, policy, database, await datamap.read(database), keys, gate.gap)
    given = credentials.read(await credentials.write(desks, database_url, keyring_url or keyring_beside(database_url)))
    server = Server(create_app(desks), port=port, interface=Interfaces.ASGINL, websockets=False, log_dictconfig=QUIET)
    serving = asyncio.create_task(server.serve())
    try:
        async with (
            following(database, keyring) if follows else nullcontext(),
            keeping_up(database, policy) if follows else nullcontext(),
            following_tables(database, desks.decisions.tables),
            watching(database, gate),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
        ):
            await _answers(http)
            yield Running(http, given, desks, database_url, data_dir)
    finally:
        server.stop()
        await serving
        await database.close()
        await keys.database.close()


async def _answers(http: httpx.AsyncClient) -> None:
    while True:
        try:
            await http.get("/health/live")
        except httpx.TransportError:
            await asyncio.sleep(0.005)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
