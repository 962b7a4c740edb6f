"""The rules of rights, over HTTP."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.kernel import datamap
from service.kernel.crypto import to_text
from service.kernel.datamap import Column, Person, Table
from service.subjects.model import Identifier
from tests.conftest import ROOT
from tests.filing import REQUESTS, approve, approve_all, claims, data, erase, fetch, file, filing, package
from tests.running import Running, customer, refused, succeeded

NOW = "2026-03-02T10:00:00Z"
ADA = {"kind": "email", "value": "ada.marker@example.com"}
BOB = {"kind": "email", "value": "bob.marker@example.com"}
UNKNOWN = {"kind": "email", "value": "nobody.marker@example.com"}
MARKUP = "<script>alert('planted')</script>"


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The bundle that ships, with two officers needed for each approval."""
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    controller = folder / "controller.toml"
    controller.write_text(controller.read_text().replace("approvals = 1", "approvals = 2"))
    return folder


@pytest.mark.rule("R4")
@pytest.mark.parametrize("right", ["access", "erasure"])
async def test_known_and_unknown_people_get_the_same_answers(service: Running, right: str) -> None:
    """Known and unknown identifiers cannot be told apart from outside, in content or status."""
    await service.give(ADA, "analytics", now=NOW)
    for more in ({}, {"verified": None}, {"details": "please"}):
        known, unknown = [
            await service.post(REQUESTS, filing(right, identifier, **more), now=NOW) for identifier in (ADA, UNKNOWN)
        ]
        assert known.status_code == unknown.status_code == 202
        assert _without_id(known.json()) == _without_id(unknown.json())
        assert known.headers.keys() == unknown.headers.keys()
        assert len(known.content) == len(unknown.content)


@pytest.mark.rule("R4")
async def test_serving_known_and_unknown_people_gives_the_same_answers(service: Running) -> None:
    """Also approval and completion answer alike, whoever was found."""
    await service.give(ADA, "analytics", now=NOW)
    for right in ("access", "erasure"):
        served = [
            await approve_all(service, (await file(service, right, i, now=NOW))["request_id"]) for i in (ADA, UNKNOWN)
        ]
        assert _without_id(served[0]) == _without_id(served[1])


@pytest.mark.rule("R4")
async def test_a_browser_asks_for_its_own_cookie_alone(service: Running) -> None:
    """A browser's own cookie is proof of possession of that cookie, and of nothing else."""
    cookie = succeeded(await service.browse("/v1/cookies"), 201)["value"]
    body = {"right": "erasure", "language": "it"}
    assert succeeded(await service.browse(REQUESTS, body, cookie=cookie), 202)["state"] == "open"
    refused(await service.browse(REQUESTS, body | {"identifiers": [ADA]}, cookie=cookie), 403, "not-your-subject")
    refused(await service.browse(REQUESTS, filing("erasure"), cookie=cookie), 403, "forbidden")
    refused(await service.browse(REQUESTS, body), 422, "subject-missing")
    assert await service.count("rights_requests") == 1


@pytest.mark.rule("R6")
@pytest.mark.parametrize("right", ["access", "erasure"])
async def test_nothing_runs_before_it_is_verified(service: Running, right: str) -> None:
    """A request that nobody has verified is neither approved nor served; an officer's note opens it."""
    await service.give(ADA, "analytics")
    filed = await file(service, right, ADA, verified=None)
    assert filed["state"] == "verifying"
    refused(await approve(service, filed["request_id"]), 409, "rights-request-not-ready")
    assert await service.count("rights_approvals") == 0
    note = {"note": "showed an identity card"}
    path = f"{REQUESTS}/{filed['request_id']}/verify"
    refused(await service.post(path, note), 403, "forbidden")
    assert succeeded(await service.post(path, note, key=service.officers[0]))["state"] == "open"
    assert succeeded(await approve(service, filed["request_id"]))["state"] == "open"
    assert await service.count("lookups") == 1


@pytest.mark.rule("R6")
async def test_access_needs_two_different_officers(service: Running) -> None:
    """Nothing of a person is given out before two different officers have approved."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "access", ADA))["request_id"]
    refused(await fetch(service, request_id, "package"), 409, "rights-request-not-ready")
    for _ in range(2):
        assert succeeded(await approve(service, request_id))["state"] == "open"
        refused(await fetch(service, request_id, "package"), 409, "rights-request-not-ready")
    assert succeeded(await approve(service, request_id, 1))["state"] == "running"
    assert (await fetch(service, request_id, "package")).status_code == 200
    shown = succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))
    assert (shown["state"], len(set(shown["approved_by"]))) == ("completed", 2)


@pytest.mark.rule("R6")
async def test_erasure_needs_two_different_officers(service: Running) -> None:
    """Nobody is erased before two different officers have approved."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    for _ in range(2):
        assert succeeded(await approve(service, request_id))["state"] == "open"
        assert (await service.check(ADA, "analytics"))["allowed"]
    assert succeeded(await approve(service, request_id, 1))["state"] == "completed"
    assert not (await service.check(ADA, "analytics"))["allowed"]


@pytest.mark.rule("R6")
async def test_who_filed_a_request_does_not_approve_it(service: Running) -> None:
    """An officer who filed a request is not one of those who approve it, and a server approves nothing."""
    body = filing("erasure", ADA) | {"verified": None}
    filed = succeeded(await service.post(REQUESTS, body, key=service.officers[0]), 202)
    path = f"{REQUESTS}/{filed['request_id']}"
    succeeded(await service.post(f"{path}/verify", {"note": "a colleague of years"}, key=service.officers[1]))
    refused(await approve(service, filed["request_id"], 0), 403, "approval-refused")
    refused(await service.post(f"{path}/approve"), 403, "forbidden")
    assert succeeded(await approve(service, filed["request_id"], 1))["state"] == "open"
    assert await service.count("rights_approvals") == 1


@pytest.mark.rule("R7")
async def test_the_package_holds_every_tagged_column_of_the_subject(service: Running) -> None:
    """For each tagged personal column of each table, what is stored of the person is in `data.json`, opened."""
    subject_id = await _known_through_and_through(service, ADA, "ada")
    told = data(await package(service, ADA, details="once more"))
    assert [subject["subject_id"] for subject in told["subjects"]] == [str(subject_id)]
    tables = told["subjects"][0]["tables"]
    opened = _planted("ada") | {"idempotency.answer": str(subject_id)}
    for table, owner in (await datamap.read(service.database)).of_subjects():
        stored = await _rows(service, table, owner, subject_id)
        for column in table.personal:
            planted = [row[column.name] for row in stored if row[column.name] is not None]
            assert planted, f"this test plants nothing in {table.name}.{column.name}"
            shown = [row[column.name] for row in tables[table.name]]
            if "sealed" in column.flags:
                assert opened[f"{table.name}.{column.name}"] in json.dumps(shown), column
            else:
                assert all(_as_shown(value) in shown for value in planted), column


@pytest.mark.rule("R7")
async def test_the_package_holds_nothing_of_anybody_else(service: Running) -> None:
    """Neither another's data nor an officer's name or id is in any file of the package (Art. 15(4), CJEU C-579/21)."""
    await _known_through_and_through(service, ADA, "ada")
    other = await _known_through_and_through(service, BOB, "bob")
    await file(service, "erasure", ADA, BOB)
    with await package(service, ADA) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist()).decode()
    officers = await service.database.fetch("SELECT officer_id::text, login FROM officers")
    others = await service.database.fetch("SELECT lookup FROM lookups WHERE subject_id = $1", other)
    foreign = [str(other), BOB["value"], *_planted("bob").values(), *(to_text(row["lookup"]) for row in others)]
    for secret in [*foreign, *(value for officer in officers for value in officer.values())]:
        assert secret not in content
    assert ADA["value"] in content


@pytest.mark.rule("R7")
async def test_several_identifiers_of_one_person_give_each_subject_once(service: Running) -> None:
    """Whoever is named by several identifiers, or by one in several spellings, is in the package once."""
    for identifier in (ADA, customer("ada"), BOB):
        await service.give(identifier, "analytics")
    await _join(service, ADA, customer("ada"))
    told = data(await package(service, ADA, customer("ada"), BOB, ADA | {"value": " Ada.Marker@Example.com"}))
    held = [[row["sealed"] for row in subject["tables"]["lookups"]] for subject in told["subjects"]]
    assert sorted(map(sorted, held)) == [sorted([ADA["value"], "ada"]), [BOB["value"]]]


@pytest.mark.rule("R7")
async def test_for_nobody_the_package_says_that_nothing_is_held(service: Running) -> None:
    """Someone who is not known gets a package that says so, with their own request in it and no more."""
    told = data(await package(service, UNKNOWN, details="am I known?"))
    assert (told["nothing_held"], told["subjects"]) == (True, [])
    assert [row["details"] for row in told["unmatched"]["rights_requests"]] == ["am I known?"]


@pytest.mark.rule("R14")
async def test_erasing_twice_is_success_with_one_certificate(service: Running) -> None:
    """Approving a completed erasure again, by whomever, changes nothing and leaves the one certificate."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    done = await approve_all(service, request_id)
    first = succeeded(await fetch(service, request_id, "certificate"))
    for officer in (0, 1, 0):
        assert succeeded(await approve(service, request_id, officer)) == done
    assert succeeded(await fetch(service, request_id, "certificate")) == first
    assert await _entries(service) == 1


@pytest.mark.rule("R14")
async def test_approvals_at_the_same_time_give_one_certificate(service: Running) -> None:
    """However many approvals arrive at once, the erasure runs once."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    answers = await asyncio.gather(*(approve(service, request_id, turn % 2) for turn in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert succeeded(await approve(service, request_id))["state"] == "completed"
    told = await claims(service, succeeded(await fetch(service, request_id, "certificate"))["certificate"])
    assert (told["subjects"], len(told["entries"]), await _entries(service)) == (1, 1, 1)


@pytest.mark.rule("R14")
async def test_a_new_request_gets_its_own_certificate(service: Running) -> None:
    """A request about somebody already erased gets a certificate that says that nothing was held."""
    await service.give(ADA, "analytics")
    first = await claims(service, await erase(service, ADA))
    second = await claims(service, await erase(service, ADA))
    assert (first["nothing_held"], second["nothing_held"]) == (False, True)
    assert first["request_id"] != second["request_id"]
    assert (second["subjects"], second["entries"], second["rows"]) == (0, [], {})
    assert first["rows"]["consent_state"] == first["rows"]["lookups"] == 1


@pytest.mark.rule("R14")
async def test_an_erasure_that_was_cut_short_is_finished_by_approving_again(service: Running) -> None:
    """A request that was approved but not erased when the process ended is erased by the next approval."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    await service.database.run(
        "test.cut_short",
        lambda c: c.execute("UPDATE rights_requests SET state = 'running' WHERE request_id = $1", UUID(request_id)),
    )
    assert succeeded(await approve(service, request_id))["state"] == "completed"
    assert await service.count("lookups") == 0


@pytest.mark.rule("S4")
@pytest.mark.parametrize("language", ["it", "en"])
async def test_the_package_is_safe_to_open(service: Running, language: str) -> None:
    """Its files have plain names, its page is escaped and without script, and its manifest is true."""
    await service.give(ADA, "analytics")
    with await package(service, ADA, language=language, details=MARKUP) as archive:
        assert archive.testzip() is None
        assert all(PurePosixPath(name).parts == (name,) for name in archive.namelist())
        page = archive.read("index.html").decode()
        manifest = json.loads(archive.read("manifest.json"))
        digests = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert {one["name"]: one["sha256"] for one in manifest["files"]} == _but(digests, "manifest.json")
    seen = _Seen()
    seen.feed(page)
    assert MARKUP in "".join(seen.text)
    assert not {"script", "style", "iframe", "object", "form", "img"} & seen.tags
    assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}
    assert f'<html lang="{language}">' in page


class _Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _planted(who: str) -> dict[str, str]:
    """What each sealed column holds of a person, in part."""
    return {
        "lookups.sealed": f"{who}.marker@example.com",
        "ledger_entries.evidence": f"screen-{who}",
        "touchpoints.properties": f"product-{who}",
        "decisions.inputs": {"ada": "987654321", "bob": "123454321"}[who],
        "rights_requests.details": f"what {who} wrote",
        "rights_requests.verification": f"note of {who}",
    }


async def _known_through_and_through(service: Running, identifier: Mapping[str, str], who: str) -> UUID:
    """Leave something of a person in every column that holds personal data."""
    planted = _planted(who)
    now = datetime.now(UTC).isoformat()
    given = await service.record(
        identifier,
        {"analytics": "given", "personalization": "given"},
        evidence={"screen": planted["ledger_entries.evidence"]},
        headers={"Idempotency-Key": f"key-{who}"},
    )
    for _ in range(4):
        properties = {"product": planted["touchpoints.properties"]}
        touched = await service.touch(identifier, "view_product", now, sentiment=2, properties=properties)
        assert touched["outcome"] == "stored"
    context = {"cart_value": int(planted["decisions.inputs"]), "device": "tablet"}
    (decided,) = await service.decide(identifier, "home_hero", context=context)
    assert decided["mode"] == "profiled"
    verified = {"method": "login", "note": planted["rights_requests.verification"]}
    await file(service, "access", identifier, details=planted["rights_requests.details"], verified=verified)
    return UUID(succeeded(given, 201)["subject_id"])


async def _join(service: Running, one: Mapping[str, str], other: Mapping[str, str]) -> None:
    """Let an identifier lead to the subject of another."""
    subjects = service.desks.subjects
    first, second = [subjects.lookup(Identifier(**identifier)) for identifier in (one, other)]
    subject_id = await service.database.fetchval("SELECT subject_id FROM lookups WHERE lookup = $1", first.hash)
    sealed = subjects.seal("lookups", "sealed", subject_id, second.normalised.encode())
    query = "UPDATE lookups SET subject_id = $2, sealed = $3 WHERE lookup = $1"
    await service.database.run("test.join", lambda c: c.execute(query, second.hash, subject_id, sealed))


async def _rows(service: Running, table: Table, owner: Column, subject_id: UUID) -> list[Any]:
    """The person's rows, found without the package's own way of looking."""
    lookups = [
        row["lookup"]
        for row in await service.database.fetch("SELECT lookup FROM lookups WHERE subject_id = $1", subject_id)
    ]
    value = Person(subject_id, lookups).value(owner)
    condition = f"{owner.name} && $1::bytea[]" if isinstance(value, list) else f"{owner.name} = $1"
    return list(await service.database.fetch(f"SELECT * FROM {table.name} WHERE {condition}", value))  # noqa: S608 - names from the catalogue


def _as_shown(value: object) -> object:
    """A stored value as JSON shows it."""
    if isinstance(value, list):
        return [_as_shown(item) for item in value]
    if isinstance(value, bytes):
        return to_text(value)
    return msgspec.to_builtins(value) if isinstance(value, datetime | UUID) else value


async def _entries(service: Running) -> int:
    return await service.database.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'erasure'")


def _without_id(answer: Mapping[str, Any]) -> dict[str, Any]:
    return _but(answer, "request_id")


def _but(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}
