"""The rules of identity, over HTTP."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.conftest import ROOT
from tests.consenting import NOON, ON_CONSENT, text, visitor
from tests.filing import package
from tests.living import go_wrong, live
from tests.planting import Planted, search, search_files, search_tables
from tests.process import process_beside
from tests.running import Running, customer, succeeded

OWN = {"FetchPackage", "IssueCookie", "RefuseRightsRequest", "ShowRightsRequest"}
"""Operations whose answer is for the person, or for the officer who decides, and holds what is theirs."""
FILLED = (
    "lookups",
    "ledger_entries",
    "touchpoints",
    "decisions",
    "interactions",
    "outbox",
    "idempotency",
    "rights_requests",
    "notice_texts",
)
"""Where what was planted could be."""
REFUSED = "INSERT INTO api_keys (key_id, kind, key_hash, scopes, label) VALUES ($1, 'nobody', '', '{}', $1)"
"""A statement whose failure PostgreSQL explains with the whole row."""
OPENED = re.compile(r"/v1/rights/requests/[0-9a-f-]{36}")


class Heard:
    """Everything that a service answers, but what is for the person's own eyes, or for those of who decides."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.answers: list[tuple[str, bytes]] = []
        http.event_hooks["response"].append(self._listen)

    async def _listen(self, answer: httpx.Response) -> None:
        await answer.aread()
        path = answer.request.url.path
        if not path.endswith(("/package", "/cookies", "/refuse")) and not OPENED.fullmatch(path):
            headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
            self.answers.append((answer.request.method, headers.encode() + answer.content))


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The shop, whose recipients can be reached, so that there is something in the outbox."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    recipients = folder / "recipients.toml"
    line = 'role = "own"'
    recipients.write_text(recipients.read_text().replace(line, f'{line}\nendpoint = "https://own.example/"'))
    return folder


@pytest.fixture
async def connection(service: Running) -> AsyncIterator[asyncpg.Connection]:
    """A look into the database from outside of the service, for which all WAL from here on is kept."""
    connection = await asyncpg.connect(service.database_url)
    await connection.execute(f"SELECT pg_create_physical_replication_slot('look_{uuid4().hex}', true, true)")
    yield connection
    await connection.close()


@pytest.mark.rule("I1")
async def test_no_identifier_is_kept_or_said_in_clear(
    service: Running, connection: asyncpg.Connection, policies_dir: Path, tmp_path: Path
) -> None:
    """No identifier in clear in any table, log, WAL segment, outbox row, another's export, URL or problem."""
    planted, log = Planted(), tmp_path / "log"
    async with process_beside(service, policies_dir, log) as process:
        heard = Heard(process.http)
        await live(process, planted)
        await go_wrong(process, planted)
        other = customer("somebody else")
        await process.give(other, "analytics")
        export = await package(process, other)
    assert [name for name in FILLED if await service.count(name) == 0] == []
    assert await search_tables(connection, planted) == []
    assert await search_files(connection, planted) == []
    assert list(search(planted, [log, *service.data_dir.rglob("*")])) == []
    assert [found for place, content in heard.answers for found in planted.found_in(place, content)] == []
    assert [found for name in export.namelist() for found in planted.found_in(name, export.read(name))] == []
    operations = logged(await asyncio.to_thread(log.read_text))
    assert takes_a_body() <= set(operations)
    assert len([operation for operation in operations if operation not in OWN]) >= len(heard.answers)


def takes_a_body() -> set[str]:
    """Every operation that something can be said in."""
    description = json.loads((ROOT / "openapi/openapi.json").read_text())
    operations = [operation for path in description["paths"].values() for operation in path.values()]
    return {operation["operationId"] for operation in operations if "requestBody" in operation}


@pytest.mark.rule("I1")
async def test_a_statement_that_fails_leaves_nothing_in_the_log(connection: asyncpg.Connection) -> None:
    """No identifier in any log: neither texts nor parameters nor details of failed statements are in the server's."""
    planted = Planted()
    failing: list[tuple[str, list[str]]] = [
        (f"SELECT '{planted.marker}'::int", []),
        ("SELECT $1::text::int", [planted.marker]),
        (REFUSED, [planted.marker]),
        (f"SELECT {planted.marker}", []),
    ]
    for statement, values in failing:
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetch(statement, *values)
    assert await search_files(connection, planted) == []


def logged(lines: str) -> list[str | None]:
    """The operation of every request that a log tells of."""
    events = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    return [event["operation"] for event in events if event["event"] == "request.answered"]


@pytest.mark.rule("I1")
async def test_what_is_in_clear_would_be_found(service: Running, connection: asyncpg.Connection) -> None:
    """The search for identifiers finds a name that is no secret, in the tables and in the files."""
    planted = Planted()
    await service.give(customer(), "analytics")
    await service.touch(customer(), planted.marker, text(datetime.now(UTC)))
    assert await search_tables(connection, planted)
    found = await search_files(connection, planted)
    assert any("/base/" in place for place in found)
    assert any("/pg_wal/" in place for place in found)


@pytest.mark.rule("I1")
async def test_no_address_takes_an_identifier(service: Running) -> None:
    """No identifier in any URL: paths and queries name sites, requests and pages, and people are named in bodies."""
    description = succeeded(await service.get("/docs/openapi.json"))
    named = {
        parameter["name"]
        for operations in description["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in {"path", "query"}
    }
    of_lists = {"state", "due_before", "after", "limit"}
    of_reports = {"journey_id", "channel", "persona", "from", "to"}
    of_decisions = {"decision_id", "token", "detail"}
    of_texts = {"site", "language", "version", "sha256"}
    assert named == {"request_id", "entry_id", *of_texts, *of_lists, *of_reports, *of_decisions}


@pytest.mark.rule("I2")
async def test_two_spellings_are_one_person_and_two_tags_are_two(service: Running) -> None:
    """The same person by `Ada@Example.com ` and `ada@example.com` is one subject; by two +tags is two."""
    groups = [
        [("email", value) for value in ("Ada@Example.com ", "ada@example.com", "\tADA@EXAMPLE.COM", "ada@EXAMPLE.com")],
        [("email", "ada+one@example.com"), ("email", "Ada+ONE@example.com")],
        [("email", "ada+two@example.com")],
        [("email", "a.da@example.com")],
        [("phone", value) for value in ("347 123 4567", "+39 347 1234567", "0039-347-1234567", "+39 (347) 123 45 67")],
        [("phone", "+44 20 7946 0958")],
        [("customer_id", "ada@example.com"), ("customer_id", " ada@example.com ")],
        [("customer_id", "Ada@example.com")],
    ]
    for group in groups:
        said = [await service.give({"kind": kind, "value": value}, "analytics") for kind, value in group]
        assert len({answer["subject_id"] for answer in said}) == 1
    assert await service.count("subjects") == await service.count("lookups") == len(groups)
    await service.withdraw({"kind": "email", "value": "ADA+one@EXAMPLE.com"})
    for tag, allowed in (("one", False), ("two", True)):
        verdict = await service.check({"kind": "email", "value": f"ada+{tag}@example.com"}, "analytics")
        assert verdict["allowed"] == allowed


@pytest.mark.rule("I2")
async def test_one_person_who_comes_fifty_times_at_once_is_one(service: Running) -> None:
    """The same person is one subject, also when every spelling arrives at the same moment."""
    spellings = ["".join(letters) for letters in product("Aa", "Dd", "Aa")]
    subjects = [{"kind": "email", "value": f"{spelling}@example.com"} for spelling in spellings]
    answers = await asyncio.gather(*(service.give(subject, "analytics") for subject in subjects * 7))
    assert len({answer["subject_id"] for answer in answers}) == 1
    assert await service.count("subjects") == await service.count("lookups") == 1
    assert await service.count("ledger_entries") == len(answers)


@pytest.mark.rule("I8")
async def test_asking_about_a_stranger_creates_nothing(service: Running) -> None:
    """A check or decision about a stranger creates no row."""
    cookie, _ = await visitor(service)
    strangers = [
        {"kind": "email", "value": "stranger@example.com"},
        {"kind": "phone", "value": "+39 347 1234567"},
        {"kind": "cookie", "value": cookie},
        customer("stranger"),
    ]
    await service.give(customer("known"), *ON_CONSENT)
    before = await service.contents()
    for subject in strangers:
        assert (await service.check(subject, "analytics", gpc=True))["reason"] == "unknown"
        assert (await service.check(subject, "analytics", at=text(NOON)))["reason"] == "unknown"
        for decision in await service.decide(subject, "home_hero", "cart_banner", gpc=True):
            assert (decision["decision_id"], decision["proof"]) == (None, [])
        assert (await service.post("/v1/journeys/position", {"subject": subject})).status_code == 403
    checks = [{"subject": subject, "purposes": ["analytics", "service"]} for subject in strangers]
    succeeded(await service.post("/v1/consents/check/batch", {"checks": checks}))
    headers = {"Idempotency-Key": "stranger", "Sec-GPC": "1"}
    decision = {"site": "shop", "placements": ["home_hero"]}
    succeeded(await service.browse("/v1/decisions", decision, cookie=cookie, headers=headers))
    succeeded(await service.browse("/v1/decisions", decision, headers=headers))
    succeeded(await service.get("/v1/notices/shop"))
    succeeded(await service.browse("/v1/cookies"), 201)
    assert await service.contents() == before
    await service.give(strangers[0], "analytics")
    assert await service.contents() != before
