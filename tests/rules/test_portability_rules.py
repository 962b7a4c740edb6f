"""R8: what people take along is what they provided and what was observed of them, and nothing else."""

import io
import json
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from service.kernel import datamap
from tests.filing import approve_all, data, fetch, file
from tests.filling import Filling
from tests.running import Running

ADA = {"kind": "email", "value": "ada.marker@example.com"}
MARKER = "marker-of-ada"

TAKEN = {
    "lookups": {"kind", "sealed"},
    "consent_state": {
        *("purpose", "status", "entry_id", "effective_at", "valid_until", "given_since", "notice_id"),
        *("notice_version", "gpc", "guardian_missing"),
    },
    "touchpoints": {
        *("touchpoint_id", "event", "channel", "occurred_at", "recorded_at", "purposes", "sentiment", "properties"),
    },
    "interactions": {
        *("decision_id", "event", "placement", "offer", "occurred_at", "recorded_at", "purposes"),
    },
}
"""What people provided, and what was observed of them; whoever adds to it has thought of Art. 20."""
NAMES = {"subject_id", "lookup"}
"""By what rows are told apart."""


@pytest.mark.rule("R8")
async def test_portability_holds_provided_and_observed_data_only(service: Running) -> None:
    """Identifiers, what was agreed to, contacts and interactions, for programs: no inference, reasoning or proof."""
    subject_id = UUID((await service.give(ADA, "personalization"))["subject_id"])
    lookup = await service.database.fetchval("SELECT lookup FROM lookups")
    await Filling(service, await datamap.read(service.database)).fill(subject_id, lookup, MARKER)
    request_id = (await file(service, "portability", ADA))["request_id"]
    await approve_all(service, request_id)
    answer = await fetch(service, request_id, "package")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["data.json", "manifest.json", "schema.json"]
        told, schema = data(archive), json.loads(archive.read("schema.json"))
    Draft202012Validator(schema).validate(told)
    tables = told["subjects"][0]["tables"]
    assert {name: {*rows[0]} - NAMES for name, rows in tables.items()} == TAKEN
    assert ADA["value"] in json.dumps(tables["lookups"])
    planted = json.dumps(told["subjects"])
    assert f"{MARKER} in touchpoints.properties" in planted
    assert f"{MARKER} in interactions.offer" in planted
    for ours in ("interactions.stage", "decisions.", "cap_counters.", "ledger_entries.", "rights_requests.", "outbox."):
        assert f"{MARKER} in {ours}" not in planted
    assert not told.keys() & {"logic", "purposes", "recipients", "checkpoint", "notices"}


@pytest.mark.rule("R8")
async def test_a_row_is_taken_along_only_under_consent_or_contract(service: Running) -> None:
    """A contact that is kept for a purpose of another basis, or of none that is known, stays."""
    await service.give(ADA, "analytics")
    at = datetime.now(UTC).isoformat()
    assert [(await service.touch(ADA, "view_product", at))["outcome"] for _ in range(2)] == ["stored", "stored"]
    await service.database.run(
        "test.other",
        lambda c: c.execute(
            "UPDATE touchpoints SET purposes = '{fraud_prevention}' WHERE touchpoint_id ="
            " (SELECT touchpoint_id FROM touchpoints LIMIT 1)"
        ),
    )
    request_id = (await file(service, "portability", ADA))["request_id"]
    await approve_all(service, request_id)
    answer = await fetch(service, request_id, "package")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        tables = data(archive)["subjects"][0]["tables"]
    assert [row["purposes"] for row in tables["touchpoints"]] == [["analytics"]]
