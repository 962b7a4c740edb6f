"""The rules of identity, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.consenting import NOON, ON_CONSENT, of_cookie, text, visitor
from tests.filing import REQUESTS, approve_all, fetch, file, filing, package
from tests.linking import LINK, UNLINK
from tests.planting import Planted, search, search_files, search_tables
from tests.process import process_beside
from tests.running import NOTICE, Running, customer, succeeded

OWN = {"FetchPackage", "IssueCookie"}
"""Operations whose answer is for the person and holds what is theirs."""


class Heard:
    """Everything that a service answers, but packages and new cookies, which are the person's own."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.answers: list[tuple[str, bytes]] = []
        http.event_hooks["response"].append(self._listen)

    async def _listen(self, answer: httpx.Response) -> None:
        await answer.aread()
        if not answer.request.url.path.endswith(("/package", "/cookies")):
            headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
            self.answers.append((answer.request.method, headers.encode() + answer.content))


@pytest.fixture
async def connection(service: Running) -> AsyncIterator[asyncpg.Connection]:
    """A look into the database from outside of the service."""
    connection = await asyncpg.connect(service.database_url)
    yield connection
    await connection.close()


async def live(service: Running, planted: Planted) -> None:
    """Everything that one person can do, with a marker in every place that takes something of theirs."""
    cookie, grant = await visitor(service)
    planted.cookies.append(cookie)
    evidence = {"evidence": {"screen": planted.marker, "document": planted.marker}}
    headers = {"Idempotency-Key": f"key {planted.marker}"}
    succeeded(await service.browse("/v1/consents", grant | evidence, cookie=cookie, headers=headers), 201)
    now = text(datetime.now(UTC))
    for subject in (planted.email, planted.phone, planted.customer):
        own = {"Idempotency-Key": f"{planted.marker} {subject['kind']}"}
        await service.give(subject, *ON_CONSENT, headers=own, **evidence)
        assert (await service.check(subject, "analytics"))["allowed"]
        properties = {"query": planted.marker, "product": planted.digits}
        touched = await service.touch(subject, "purchase", now, id=planted.marker, properties=properties)
        assert touched["outcome"] == "stored"
        assert (await service.decide(subject, "home_hero", "product_sidebar"))[0]["mode"] == "profiled"
        succeeded(await service.post("/v1/journeys/position", {"subject": subject}))
        details = f"I am {planted.email['value']}, {planted.phone['value']}, {planted.digits}"
        await file(service, "access", subject, details=details, verified={"method": planted.marker, "note": details})
        asked = succeeded(await service.post(REQUESTS, filing("access", subject, verified=None, details=details)), 202)
        vouching = {"note": f"showed a card of {planted.marker}"}
        path = f"{REQUESTS}/{asked['request_id']}/verify"
        succeeded(await service.post(path, vouching, key=service.officers[0]))
    await service.withdraw(planted.phone)
    linking = {"anonymous": of_cookie(cookie), "known": planted.phone}
    succeeded(await service.post(LINK, linking, headers={"Idempotency-Key": f"link {planted.marker}"}))
    own = await package(service, planted.email, planted.phone, planted.customer, {"kind": "cookie", "value": cookie})
    assert planted.marker.encode() in own.read("data.json")
    gone = customer(f"gone {planted.marker}")
    await service.give(gone, "analytics", **evidence)
    erasure = (await file(service, "erasure", gone, details=planted.marker))["request_id"]
    await approve_all(service, erasure)
    succeeded(await fetch(service, erasure, "certificate"))


async def go_wrong(service: Running, planted: Planted) -> None:
    """Requests that fail, each with a marker where it fails."""
    marker = planted.marker
    record = {"site": "shop", "decisions": {"analytics": "given"}, "notice": NOTICE, "method": "form"}
    wrong: list[dict[str, Any]] = [
        {"subject": {"kind": "email", "value": f"{marker}@@example.com"}},
        {"subject": {"kind": "phone", "value": f"+39 {planted.digits} ext {marker}"}},
        {"subject": {"kind": "cookie", "value": marker}},
        {"subject": {"kind": "customer_id", "value": marker * 20}},
        {"subject": {"kind": marker, "value": marker}},
        {"subject": planted.email, marker: marker},
        {"subject": planted.email | {marker: marker}},
        {"subject": marker},
        {"subject": planted.email, "site": marker},
        {"subject": planted.email, "decisions": {marker: "given"}},
        {"subject": planted.email, "decisions": {"analytics": marker}},
        {"subject": planted.email, "notice": {"id": marker, "version": marker, "language": marker}},
        {"subject": planted.email, "method": marker},
        {"subject": planted.email, "presented": marker},
        {"subject": planted.email, "collected_at": marker},
        {"subject": planted.email, "evidence": {marker: marker}},
    ]
    for body in wrong:
        assert 400 <= (await service.post("/v1/consents", record | body)).status_code < 500
    for path in (f"/v1/{marker}", f"/{marker}@example.com", f"/v1/notices/{marker}", f"/v1/rights/requests/{marker}"):
        assert (await service.get(path, key=service.officers[0])).status_code == 404
    question = {"subject": planted.email, "purposes": ["analytics"]}
    credentials = [{"Authorization": f"Bearer {credential}"} for credential in (marker, f"sk_{marker}_{marker}")]
    for headers in (*credentials, {"Placet-Now": marker}):
        answer = await service.post("/v1/consents/check", question, headers=headers)
        assert answer.status_code in {401, 403, 422}
    for body in (
        {"anonymous": planted.email, "known": planted.email},
        {"anonymous": of_cookie(marker), "known": marker},
    ):
        assert (await service.post(LINK, body)).status_code == 422
    assert (await service.post(UNLINK, {"identifier": of_cookie(marker)})).status_code == 422
    batch = {"checks": [question, {"subject": {"kind": "email", "value": marker}, "purposes": [marker]}]}
    succeeded(await service.post("/v1/consents/check/batch", batch))
    await service.browse("/v1/consents", record, cookie=marker)
    await service.browse("/v1/consents", record, origin=f"http://{marker}.example")
    touchpoint = {"subject": planted.email, "event": marker.upper(), "channel": marker, "occurred_at": marker}
    assert (await service.post("/v1/touchpoints", {"touchpoints": [touchpoint]})).status_code == 422
    decision = {"subject": planted.email, "site": "shop", "placements": [marker], "context": {marker: marker}}
    assert (await service.post("/v1/decisions", decision)).status_code == 422
    content = f'{{"subject": "{marker}'.encode()
    key = {"Authorization": f"Bearer {service.secret_key}", "Content-Type": "application/json"}
    assert (await service.http.post("/v1/consents", content=content, headers=key)).status_code == 400


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
    assert await search_tables(connection, planted) == []
    assert await search_files(connection, planted) == []
    assert list(search(planted, [log, *service.data_dir.rglob("*")])) == []
    assert [found for place, content in heard.answers for found in planted.found_in(place, content)] == []
    assert [found for name in export.namelist() for found in planted.found_in(name, export.read(name))] == []
    operations = logged(await asyncio.to_thread(log.read_text))
    assert {"RecordConsent", "WithdrawConsent", "Decide", "AddTouchpoints", "FileRightsRequest"} <= set(operations)
    assert len([operation for operation in operations if operation not in OWN]) >= len(heard.answers)


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
    assert named == {"site", "language", "version", "sha256", "request_id", "entry_id", "from", "to", *of_lists}


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
