"""The rules of the access package, over HTTP: all of the person, nobody else, and safe to open."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.kernel import datamap
from service.kernel.crypto import to_text
from service.kernel.datamap import Column, Person, Table
from service.kernel.outbox import Message, enqueue
from service.subjects.model import Identifier
from tests.filing import data, file, package
from tests.reporting import report
from tests.running import Running, customer, succeeded

ADA = {"kind": "email", "value": "ada.marker@example.com"}
BOB = {"kind": "email", "value": "bob.marker@example.com"}
UNKNOWN = {"kind": "email", "value": "nobody.marker@example.com"}
MARKUP = "<script>alert('planted')</script>"


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
        for column in table.own:
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
        others = [name for name in archive.namelist() if name != "manifest.json"]
        digests = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in others}
    assert {one["name"]: one["sha256"] for one in manifest["files"]} == digests
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
        "decisions.inputs": {"ada": "tablet", "bob": "mobile"}[who],
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
    succeeded(given, 201)
    await service.touch(identifier, "view_product", now)
    await service.touch(identifier, "view_product", now)
    await service.decide(identifier, "home_hero")
    subject_id = UUID((await service.withdraw(identifier, ["personalization"]))["subject_id"])
    await service.give(identifier, "personalization")
    message = Message(subject_id, "crm", "consent", {"purpose": "personalization"})
    await service.database.run("test.enqueue", lambda connection: enqueue(connection, [message]))
    for _ in range(4):
        properties = {"product": planted["touchpoints.properties"]}
        touched = await service.touch(identifier, "view_product", now, sentiment=2, properties=properties)
        assert touched["outcome"] == "stored"
    (decided,) = await service.decide(identifier, "home_hero", context={"device": planted["decisions.inputs"]})
    assert decided["mode"] == "profiled"
    assert await report(service, decided["token"], "impression", "click") == ["stored", "stored"]
    verified = {"method": "login", "note": planted["rights_requests.verification"]}
    await file(service, "access", identifier, details=planted["rights_requests.details"], verified=verified)
    succeeded(await service.post("/v1/objections", {"subject": identifier, "purposes": ["marketing_email"]}), 201)
    succeeded(await service.post("/v1/restrictions", {"subject": identifier}, key=service.officers[0]), 201)
    return subject_id


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
