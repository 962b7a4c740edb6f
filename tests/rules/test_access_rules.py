"""The rules of the access package, over HTTP: all of the person, nobody else, and safe to open."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import PurePosixPath
from uuid import UUID

import msgspec
import pytest
from jsonschema import Draft202012Validator

from service.kernel import datamap
from service.kernel.crypto import from_text, to_text
from service.kernel.ids import new_id
from service.ledger import note, tree
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger.note import from_base64
from service.subjects.model import Identifier
from tests.filing import data, package
from tests.filling import Filling
from tests.running import Running, customer
from tests.sequencing import sequencer_of

ADA = {"kind": "email", "value": "ada.marker@example.com"}
BOB = {"kind": "email", "value": "bob.marker@example.com"}
UNKNOWN = {"kind": "email", "value": "nobody.marker@example.com"}
MARKUP = "<script>alert('planted')</script>"


@pytest.mark.rule("R7")
async def test_the_package_holds_every_tagged_column_of_the_subject_and_of_nobody_else(service: Running) -> None:
    """Of each tagged personal column of each table the person's value is in `data.json`, and no file has another's."""
    found = await datamap.read(service.database)
    filling = Filling(service, found)
    ids = {person["value"]: UUID((await service.give(person, "analytics"))["subject_id"]) for person in (ADA, BOB)}
    lookups = {name: await _lookup_of(service, subject_id) for name, subject_id in ids.items()}
    own = await filling.fill(ids[ADA["value"]], lookups[ADA["value"]], "marker-of-ada")
    others = await filling.fill(ids[BOB["value"]], lookups[BOB["value"]], "marker-of-bob")
    with await package(service, ADA) as archive:
        told = data(archive)
        content = b"".join(archive.read(name) for name in archive.namelist()).decode()
    (subject,) = told["subjects"]
    tables = subject["tables"]
    for table, _ in found.of_subjects():
        for column in table.own:
            shown = [row[column.name] for row in tables[table.name]]
            planted = own.get((table.name, column.name))
            if planted is None:
                assert any(shown), f"{table.name}.{column.name}"
            elif isinstance(planted, str) and "sealed" in column.flags:
                assert any(planted in json.dumps(value) for value in shown), f"{table.name}.{column.name}"
            else:
                assert _as_shown(planted) in shown, f"{table.name}.{column.name}"
    assert "marker-of-ada" in content
    foreign = [value for value in map(_as_shown, others.values()) if isinstance(value, str) and _unmistakable(value)]
    foreign += ["marker-of-bob", str(ids[BOB["value"]]), BOB["value"], to_text(lookups[BOB["value"]])]
    assert [value for value in foreign if value in content] == []


@pytest.mark.rule("R7")
async def test_the_package_names_no_officer(service: Running) -> None:
    """What officers did is told and not who they are, neither by name nor by id nor by a hash of it (CJEU C-579/21)."""
    subject_id = UUID((await service.give(ADA, "analytics"))["subject_id"])
    officers = await service.database.fetch("SELECT officer_id::text, login FROM officers")
    at = datetime.now(UTC)
    entry = ledger_rules.entry("officer_read", subject_id, new_id(), at, at, {"officer": officers[0]["officer_id"]})
    await service.database.run("test.read", lambda c: ledger.append(c, [entry]))
    with await package(service, ADA) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist()).decode()
        (subject,) = data(archive)["subjects"]
    for secret in (value for officer in officers for value in officer.values()):
        assert secret not in content
    (told,) = [row for row in subject["tables"]["ledger_entries"] if row["entry_id"] == str(entry.entry_id)]
    assert (told["payload"]["kind"], told["salt"], told["withheld"]) == ("officer_read", None, ["officer"])
    assert to_text(entry.salt) not in content


@pytest.mark.rule("R7")
async def test_the_package_proves_what_was_agreed_to(service: Running) -> None:
    """Each entry is there with payload and salt that make its commitment, and a proof that leads to the checkpoint."""
    for number in range(5):
        await service.give(customer(f"other-{number}"), "analytics")
        await service.give(ADA, "analytics", "personalization")
    await sequencer_of(service).run()
    await service.withdraw(ADA)
    told = data(await package(service, ADA))
    checkpoint = note.read(told["checkpoint"])
    assert any(note.is_signed_by(told["checkpoint"], key) for key in service.desks.signer.publics)
    entries = told["subjects"][0]["tables"]["ledger_entries"]
    proven = 0
    for entry in entries:
        if entry["withheld"]:
            continue
        inclusion = entry["inclusion"]
        commitment = from_text(inclusion["commitment"])
        assert ledger_rules.commitment(from_text(entry["salt"]), entry["payload"]) == commitment
        if inclusion["leaf_index"] is not None:
            hashes = [from_base64(value) for value in inclusion["hashes"]]
            leaf = tree.leaf_hash(commitment)
            assert tree.includes(checkpoint.root, checkpoint.size, inclusion["leaf_index"], leaf, hashes)
            proven += 1
    assert 0 < proven < len(entries)


@pytest.mark.rule("R7")
async def test_the_package_shows_the_text_that_was_agreed_to(service: Running) -> None:
    """The notice that entries name by its hash is in the package, word for word."""
    await service.give(ADA, "analytics")
    told = data(await package(service, ADA))
    payloads = [row["payload"] for row in told["subjects"][0]["tables"]["ledger_entries"]]
    named = {payload["notice"]["sha256"] for payload in payloads if "notice" in payload}
    assert named
    texts = {notice["sha256"]: notice["text"] for notice in told["notices"]}
    assert texts.keys() == named
    assert {hashlib.sha256(text.encode()).hexdigest() for text in texts.values()} == named


@pytest.mark.rule("R7")
async def test_the_package_tells_what_is_worked_out_only_for_purposes_that_are_allowed(service: Running) -> None:
    """Stage and fields are told with their evidence while their purpose is allowed, and not worked out afterwards."""
    await service.give(ADA, "personalization", "analytics")
    at = datetime.now(UTC).isoformat()
    await service.touch(ADA, "view_product", at)
    (decided,) = await service.decide(ADA, "home_hero")
    (subject,) = data(await package(service, ADA, language="it"))["subjects"]
    stages = {row["journey"]: row for row in subject["tables"]["stages"]}
    assert stages["see-think-do-care"]["stage"] == "think"
    assert stages["see-think-do-care"]["evidence"]
    assert {row["purpose"] for row in subject["tables"]["inferences"]} == {"personalization"}
    (decision,) = subject["tables"]["decisions"]
    assert (decision["decision_id"], decision["explanation"]["language"]) == (decided["decision_id"], "it")
    assert decision["explanation"]["inputs_are"] == "kept"
    await service.withdraw(ADA)
    (subject,) = data(await package(service, ADA))["subjects"]
    assert not subject["tables"].keys() & {"stages", "inferences"}
    (decision,) = subject["tables"]["decisions"]
    assert (decision["explanation"]["inputs_are"], decision["explanation"]["inputs"]) == ("ended", [])


@pytest.mark.rule("R7")
async def test_the_data_is_what_its_schema_says_and_nothing_else(service: Running) -> None:
    """`data.json` validates against the `schema.json` beside it, which refuses whatever it does not name."""
    subject_id = UUID((await service.give(ADA, "analytics"))["subject_id"])
    filling = Filling(service, await datamap.read(service.database))
    await filling.fill(subject_id, await _lookup_of(service, subject_id), "marker")
    with await package(service, ADA, UNKNOWN, language="it") as archive:
        told, schema = data(archive), json.loads(archive.read("schema.json"))
    Draft202012Validator.check_schema(schema)
    checked = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in checked.iter_errors(told)] == []
    (subject,) = told["subjects"]
    for part in (told, subject, subject["tables"], *(rows[0] for rows in subject["tables"].values()), told["logic"]):
        part["unheard-of"] = 1
        assert not checked.is_valid(told)
        del part["unheard-of"]


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


async def _lookup_of(service: Running, subject_id: UUID) -> bytes:
    return await service.database.fetchval("SELECT lookup FROM lookups WHERE subject_id = $1", subject_id)


def _unmistakable(value: str) -> bool:
    return "marker" in value or (len(value) > 20 and not value.startswith("sha256:"))


async def _join(service: Running, one: Mapping[str, str], other: Mapping[str, str]) -> None:
    """Let an identifier lead to the subject of another."""
    subjects = service.desks.subjects
    first, second = [subjects.lookup(Identifier(**identifier)) for identifier in (one, other)]
    subject_id = await service.database.fetchval("SELECT subject_id FROM lookups WHERE lookup = $1", first.hash)
    sealed = subjects.seal("lookups", "sealed", subject_id, second.normalised.encode())
    query = "UPDATE lookups SET subject_id = $2, sealed = $3 WHERE lookup = $1"
    await service.database.run("test.join", lambda c: c.execute(query, second.hash, subject_id, sealed))


def _as_shown(value: object) -> object:
    """A stored value as JSON shows it."""
    if isinstance(value, list):
        return [_as_shown(item) for item in value]
    if isinstance(value, bytes):
        return to_text(value)
    return msgspec.to_builtins(value) if isinstance(value, datetime | UUID) else value
