"""Recipients that can be reached are told of each change of consent to their purposes, and of nothing else."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import ROOT
from tests.consenting import DAY, NOON, ON_CONSENT, text
from tests.filing import approve_all, data, file, package
from tests.planting import Planted, search_tables
from tests.running import Running, customer, refused, succeeded

ADA = customer("ada-marker")


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The shop, in which all recipients but that of advertising can be reached, and have one purpose in common."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    recipients, purposes = folder / "recipients.toml", folder / "purposes.toml"
    for role in ("processor", "own"):
        line = f'role = "{role}"'
        recipients.write_text(recipients.read_text().replace(line, f'{line}\nendpoint = "https://{role}.example/"'))
    both = purposes.read_text().replace('recipients = ["newsletter"]', 'recipients = ["newsletter", "crm"]')
    purposes.write_text(both)
    return folder


async def told(service: Running) -> list[dict[str, Any]]:
    """What is in the outbox, in order."""
    return [dict(row) for row in await service.database.fetch("SELECT * FROM outbox ORDER BY message_id")]


async def test_each_change_is_announced_to_the_recipients_of_its_purpose(service: Running) -> None:
    """One message for each recipient that has an endpoint, of where the purpose stands and on which entry."""
    given = await service.give(ADA, "marketing_email", "analytics", "model_training")
    withdrawn = await service.withdraw(ADA, ["marketing_email"])
    messages = await told(service)
    assert [(m["recipient"], m["content"]["status"]) for m in messages] == [
        ("newsletter", "given"),
        ("crm", "given"),
        ("newsletter", "withdrawn"),
        ("crm", "withdrawn"),
    ]
    assert {(m["kind"], str(m["subject_id"])) for m in messages} == {("consent", given["subject_id"])}
    of_given = next(record for record in given["records"] if record["purpose"] == "marketing_email")
    for message, record in ((messages[0], of_given), (messages[2], withdrawn["records"][0])):
        content = message["content"]
        assert content.keys() == {"purpose", "status", "entry_id", "effective_at", "valid_until"}
        assert (content["purpose"], content["entry_id"]) == ("marketing_email", record["entry_id"])
        assert (content["valid_until"] is None) == (record["valid_until"] is None)


async def test_what_changes_nothing_is_not_announced(service: Running) -> None:
    """An older grant that arrives late, a repeated call, a stranger's withdrawal and a record that is refused."""
    key = {"Idempotency-Key": "once"}
    for _ in range(2):
        answer = await service.record(ADA, {"personalization": "refused"}, now=text(NOON), headers=key)
        succeeded(answer, 201)
    before = await told(service)
    assert len(before) == 1
    late = {"method": "paper", "collected_at": text(NOON - DAY)}
    succeeded(await service.record(ADA, {"personalization": "given"}, now=text(NOON + DAY), **late), 201)
    await service.withdraw(customer("stranger"))
    ahead = {"collected_at": text(NOON + DAY)}
    answer = await service.record(ADA, {"personalization": "given"}, now=text(NOON), **ahead)
    refused(answer, 422, "record-refused")
    assert await told(service) == before


async def test_what_protects_a_person_is_announced(service: Running) -> None:
    """An objection to the recipients of its purpose, a restriction and its end to every one (Art. 19), each once."""
    protected = {"subject": ADA}
    objected = succeeded(await service.post("/v1/objections", {"subject": ADA, "purposes": ["marketing_email"]}), 201)
    restricted = succeeded(await service.post("/v1/restrictions", protected, key=service.officers[0]), 201)
    lifted = succeeded(
        await service.post("/v1/restrictions/lift", protected | {"told": "by letter"}, key=service.officers[0])
    )
    entries = [objected["records"][0]["entry_id"], restricted["entry_id"], lifted["entry_id"]]
    messages = await told(service)
    kinds = ("objection", "restriction", "restriction_lifted")
    assert sorted((m["kind"], m["content"]["entry_id"], m["recipient"]) for m in messages) == [
        (kind, entry, recipient)
        for kind, entry in zip(kinds, entries, strict=True)
        for recipient in ("crm", "newsletter")
    ]
    assert [m["content"].get("purpose") for m in messages] == ["marketing_email"] * 2 + [None] * 4


async def test_many_at_once_are_each_announced(service: Running) -> None:
    """Whoever is written in one transaction with others is told of like anybody else."""
    people = [customer(f"customer-{number}") for number in range(40)]
    given = await asyncio.gather(*(service.give(person, "personalization") for person in people))
    messages = await told(service)
    assert sorted(str(m["subject_id"]) for m in messages) == sorted(one["subject_id"] for one in given)
    entries = {record["entry_id"] for one in given for record in one["records"]}
    assert {m["content"]["entry_id"] for m in messages} == entries


@pytest.mark.rule("I1")
async def test_no_identifier_is_in_a_message(service: Running) -> None:
    """No identifier in clear in any outbox row, whatever was recorded with it."""
    planted = Planted()
    for subject in (planted.email, planted.phone, planted.customer):
        await service.give(subject, *ON_CONSENT, evidence={"screen": planted.marker})
        await service.withdraw(subject)
    assert await service.count("outbox") > 0
    connection = await asyncpg.connect(service.database_url)
    try:
        assert await search_tables(connection, planted) == []
    finally:
        await connection.close()


async def test_an_erasure_takes_the_messages_of_the_subject(service: Running) -> None:
    """They are in the person's package; after an erasure the subject's id is in no message, and others' are left."""
    bob = await service.give(customer("bob-marker"), "personalization")
    subject_id = (await service.give(ADA, "personalization"))["subject_id"]
    (subject,) = data(await package(service, ADA))["subjects"]
    assert [row["recipient"] for row in subject["tables"]["outbox"]] == ["crm"]
    request_id = (await file(service, "erasure", ADA))["request_id"]
    assert (await approve_all(service, request_id))["state"] == "running"
    left = [(message["kind"], str(message["subject_id"])) for message in await told(service)]
    assert sorted(set(left)) == [("consent", bob["subject_id"]), ("erasure", request_id)]
    left = await service.database.fetchval("SELECT count(*) FROM outbox o WHERE o::text LIKE $1", f"%{subject_id}%")
    assert left == 0
