"""The documents say what the code does: those that it writes are equal to what it would write, and examples work."""

import asyncio
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from service.app import described
from service.cli.main import main
from service.consent.model import CheckUnavailable, Question, Reason
from service.decisioning.model import Mode
from service.decisioning.model import Reason as DecisionReason
from service.kernel import datamap
from service.kernel.auth import OFFICER_SCOPES, SERVER_SCOPES
from service.kernel.body import reader
from service.kernel.database import Database
from service.policy.load import load
from tests.architecture.documents import (
    ROOT,
    conformance_document,
    data_map_document,
    problems_document,
    settings_document,
)
from tests.architecture.policy_keys import policies_document
from tests.running import Running, customer, keyring_beside

WRITE = "PLACET_TEST_WRITE_DOCUMENTS"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BY_HAND = [path for path in DOCUMENTS if "Written by the code" not in path.read_text()]
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
FENCED = re.compile(r"^ *```(?P<language>\w+)\n(?P<code>.*?)^ *```$", re.DOTALL | re.MULTILINE)
QUOTED = re.compile(r"`(?P<code>[^`\n]+)`")
OPERATION = re.compile(r"\b(?P<method>GET|POST) (?P<path>/[\w./{}-]+)")
MAKE = re.compile(r"(?:^|`|\$ )make (?P<target>[a-z0-9-]+)", re.MULTILINE)
PLACET = re.compile(r"(?:`|\$ |bin/)placet(?P<words>(?: [a-z][a-z-]*)+)")
TARGET = re.compile(r"^([a-z0-9-]+):", re.MULTILINE)
RULE = re.compile(r"\b[CIDRLS]\d{1,2}\b")
STEP = re.compile(r"^\| (?P<number>\d+) \|", re.MULTILINE)
STEP_IN_CODE = re.compile(r"(?:# |Step )(?P<number>\d+)[.:] ")


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return [block["code"] for block in FENCED.finditer(path.read_text()) if block["language"] == language]


def wrong_with(look: Callable[[Path], set[Any]], documents: list[Path]) -> dict[str, set[Any]]:
    """What a look at each document finds wrong, by document."""
    found = {str(document.relative_to(ROOT)): look(document) for document in documents}
    return {name: wrong for name, wrong in found.items() if wrong}


def agree(path: str, text: str) -> None:
    """Hold a document against what the code says, or write it when told to."""
    document = ROOT / path
    if os.environ.get(WRITE):
        document.write_text(text)
    committed = document.read_text() if document.exists() else ""
    assert committed == text, f"{path} is not what the code says; run this with {WRITE}=1 and look at the difference"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("docs/settings.md", settings_document),
        ("docs/problems.md", problems_document),
        ("docs/conformance.md", conformance_document),
        ("docs/policies.md", policies_document),
    ],
)
def test_generated_documents_are_what_the_code_says(path: str, written: Callable[[], str]) -> None:
    """Settings, problems, conformance and policies are committed as the code writes them."""
    agree(path, written())


async def test_the_data_map_is_what_the_catalogue_says(database_url: str) -> None:
    """The data map is committed as the comments of a migrated database tell it."""
    database, keyring = Database(database_url, size=1), Database(keyring_beside(database_url), size=1)
    try:
        agree(
            "docs/data-map.md",
            data_map_document(await datamap.read(database), await datamap.read(keyring), load(ROOT / "policies")),
        )
    finally:
        await database.close()
        await keyring.close()


def test_links_lead_somewhere() -> None:
    """Every link of a document to a file of the repository leads to one that is there."""

    def broken(document: Path) -> set[str]:
        targets = {link["target"].partition("#")[0] for link in LINK.finditer(document.read_text())}
        return {t for t in targets if t and "://" not in t and not (document.parent / t).exists()}

    assert wrong_with(broken, DOCUMENTS) == {}


def test_operations_that_are_named_exist() -> None:
    """Every address that a document names is one of the service's, with that method."""
    operations = {
        (method, route.path_format) for route in described().routes for method in getattr(route, "methods", ())
    }

    def unknown(document: Path) -> set[tuple[str, str]]:
        return {(o["method"], o["path"]) for o in OPERATION.finditer(document.read_text())} - operations

    assert wrong_with(unknown, BY_HAND) == {}


def test_commands_that_are_named_exist() -> None:
    """Every target of make and every subcommand of placet that a document names is there."""
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))

    def unknown(document: Path) -> set[str]:
        text = document.read_text()
        placet = {found["words"] for found in PLACET.finditer(text)}
        made = {found["target"] for found in MAKE.finditer(text)}
        return (made - targets) | {words for words in placet if not _leads_to_a_command(words.split())}

    assert wrong_with(unknown, BY_HAND) == {}


def _leads_to_a_command(words: list[str]) -> bool:
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group):
            return True
        if word not in command.commands:
            return False
        command = command.commands[word]
    return not isinstance(command, click.Group)


def test_rules_that_are_named_exist() -> None:
    """Every rule that a document cites is one of the rules."""
    rules = tomllib.loads((ROOT / "tests/rules/rules.toml").read_text())
    assert wrong_with(lambda document: set(RULE.findall(document.read_text())) - rules.keys(), BY_HAND) == {}


@pytest.mark.parametrize(("language", "read"), [("json", json.loads), ("toml", tomllib.loads)])
def test_blocks_of_data_can_be_read(language: str, read: Callable[[str], object]) -> None:
    """Every block of JSON or TOML in a document is that."""
    for document in BY_HAND:
        for block in blocks(document, language):
            read(block)


def test_every_decision_about_the_architecture_is_in_their_index() -> None:
    """The index of docs/adr lists all of them, in order."""
    pages = sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    index = [link["target"] for link in LINK.finditer((ROOT / "docs/adr/README.md").read_text())]
    assert index == pages


def test_the_steps_of_the_check_are_those_of_the_code() -> None:
    """The page on the check lists the steps that have code, and those are all there are, 0 to 12."""
    page = (ROOT / "docs/how-the-check-decides.md").read_text()
    told = [int(step["number"]) for step in STEP.finditer(page)]
    rooms = [ROOT / "service/consent" / room for room in ("statement.py", "commands.py", "rules.py")]
    coded = [int(step["number"]) for room in rooms for step in STEP_IN_CODE.finditer(room.read_text())]
    assert told == sorted(coded) == list(range(13))


def test_every_reason_of_the_check_is_explained() -> None:
    """The page on the check names each reason that an answer can carry."""
    page = (ROOT / "docs/how-the-check-decides.md").read_text()
    assert {reason.value for reason in Reason} <= {quoted["code"] for quoted in QUOTED.finditer(page)}


def test_the_steps_of_a_decision_are_those_of_the_code() -> None:
    """The page on decisions lists the steps that have code, and those are all there are, 1 to 10."""
    page = (ROOT / "docs/how-a-decision-is-made.md").read_text()
    told = [int(number) for number in re.findall(r"^\| (\d+) ", page, re.MULTILINE)]
    rooms = [ROOT / "service/decisioning" / room for room in ("recall.py", "commands.py", "rules.py")]
    coded = [int(step["number"]) for room in rooms for step in STEP_IN_CODE.finditer(room.read_text())]
    assert told == sorted(coded) == list(range(1, 11))


def test_every_reason_of_a_decision_is_explained() -> None:
    """The page on decisions names each reason and mode that an answer can carry."""
    page = (ROOT / "docs/how-a-decision-is-made.md").read_text()
    words = {word.value for kind in (DecisionReason, Mode) for word in kind}
    assert words <= {quoted["code"] for quoted in QUOTED.finditer(page)}


async def test_the_check_answers_as_documented(service: Running) -> None:
    """The question of the page on the check is answered with the members that the page shows."""
    question, answer, unavailable = map(json.loads, blocks(ROOT / "docs/how-the-check-decides.md", "json"))
    reader(Question).read(json.dumps(question).encode())
    await service.give(customer("A-1001"), "personalization")
    answered = (await service.post("/v1/consents/check", question)).json()
    assert _shape(answered) == _shape(answer)
    assert answered["results"]["personalization"]["reason"] == answer["results"]["personalization"]["reason"]
    problem = CheckUnavailable().document()
    assert {name: unavailable[name] for name in problem} == problem
    assert unavailable["results"].keys() == answer["results"].keys()


def _shape(value: object) -> object:
    return {name: _shape(inner) for name, inner in value.items()} if isinstance(value, dict) else type(value)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl; on Debian: apt-get install curl")
async def test_the_examples_of_the_readme_work(service: Running) -> None:
    """The calls of the README, run by a shell as they stand, do what the comments above them say."""
    (example,) = blocks(ROOT / "README.md", "sh")
    credentials = service.data_dir / "dev-credentials.json"
    script = example.replace("http://127.0.0.1:8000", str(service.http.base_url)).replace(
        ".placet/dev-credentials.json", str(credentials)
    )
    shell = await asyncio.create_subprocess_exec(
        "sh", "-eu", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await shell.communicate()
    assert (shell.returncode, errors) == (0, b"")
    recorded, kept, decided, checked, withdrawn = _documents(output.decode())
    assert statuses(recorded) == {"personalization": "given", "analytics": "refused"}
    assert [outcome["outcome"] for outcome in kept["outcomes"]] == ["stored"]
    (decision,) = decided["decisions"]
    assert (decision["mode"], decision["stage"], decision["offer"]["id"]) == ("profiled", "think", "guide-headphones")
    verdicts = checked["results"]
    assert {purpose: verdict["reason"] for purpose, verdict in verdicts.items()} == {
        "personalization": "consent_given",
        "analytics": "refused",
    }
    assert decision["proof"] == [verdicts["personalization"]["proof"]]
    assert statuses(withdrawn) == {"personalization": "withdrawn", "analytics": "withdrawn"}


def statuses(recorded: dict[str, Any]) -> dict[str, str]:
    """What was recorded, by purpose."""
    return {record["purpose"]: record["status"] for record in recorded["records"]}


def _documents(text: str) -> list[dict[str, Any]]:
    """The JSON documents that stand one behind the other."""
    decoder, found, place = json.JSONDecoder(), [], 0
    while place < len(text):
        document, place = decoder.raw_decode(text, place)
        found.append(document)
        place += len(text[place:]) - len(text[place:].lstrip())
    return found


def test_every_scope_is_explained() -> None:
    """The table of docs/scopes.md has a row for each scope that there is, and for no other."""
    named = re.findall(r"^\| `([a-z:]+)` \|", (ROOT / "docs/scopes.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(SERVER_SCOPES | OFFICER_SCOPES)
