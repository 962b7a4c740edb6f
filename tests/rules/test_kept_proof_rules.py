"""The proof of a consent that outlives its person's erasure, for legal claims."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from service.kernel.crypto import SealBroken, from_text
from service.kernel.database import Connection
from service.kernel.datamap import Person
from service.ledger import rules
from service.rights.proof import commands as proofs
from service.subjects import store as subjects_store
from service.subjects.keyring import load_key_file
from service.subjects.model import Identifier
from tests.auditing import ledger
from tests.filing import erase
from tests.running import Running, customer, refused, succeeded
from tests.sequencing import execute, sequencer_of

ADA = customer("ada")
REASON = {"reason": "claim 7/2026 of the court of Milan"}
YEARS = timedelta(days=3650)


async def erased(service: Running) -> dict[str, Any]:
    """Ada gives consent and is erased; returns the answer that she keeps."""
    receipt = await service.give(ADA, "analytics")
    lookup = service.desks.subjects.lookup(Identifier(**ADA)).hash
    now = datetime.now(UTC)

    async def work(connection: Connection) -> None:
        found = await subjects_store.resolve(connection, [lookup])
        person = Person(found[lookup].subject_id, [lookup])
        await proofs.seal(connection, load_key_file(service.desks.settings).claims, person, now, now + YEARS)

    await service.database.run("test.seal", work)
    await erase(service, ADA)
    return receipt


def entry_of(receipt: dict[str, Any]) -> str:
    """The entry that a kept receipt names."""
    return receipt["records"][0]["entry_id"]


async def opening(service: Running, entry_id: str, officer: int, body: Any = REASON) -> httpx.Response:
    """An officer asks to open a proof."""
    return await service.post(f"/v1/rights/proofs/{entry_id}/openings", body, key=service.officers[officer])


@pytest.mark.rule("R20")
async def test_two_officers_with_a_reason_open_what_a_receipt_names(service: Running) -> None:
    """The first officer gets nothing, the second what was said: it makes the commitment that the ledger still has."""
    entry_id = entry_of(await erased(service))
    first = succeeded(await opening(service, entry_id, 0))
    assert first["proof"] is None
    proof = succeeded(await opening(service, entry_id, 1))["proof"]
    assert (proof["payload"]["purpose"], proof["payload"]["status"]) == ("analytics", "given")
    commitment = rules.commitment(from_text(proof["salt"]), proof["payload"])
    row = await service.database.fetchrow(
        "SELECT commitment, payload FROM ledger_entries WHERE entry_id = $1", entry_id
    )
    assert (row["commitment"], row["payload"]) == (commitment, None)


@pytest.mark.rule("R20")
async def test_one_officer_opens_nothing_however_often(service: Running) -> None:
    """The same officer twice, or two who asked more than a day apart, are not two officers together."""
    entry_id = entry_of(await erased(service))
    for _ in range(2):
        assert succeeded(await opening(service, entry_id, 0))["proof"] is None
    await execute(service, "UPDATE consent_proofs SET asked_at = asked_at - interval '1 day'")
    assert succeeded(await opening(service, entry_id, 1))["proof"] is None
    assert succeeded(await opening(service, entry_id, 0))["proof"] is not None


@pytest.mark.rule("R20")
async def test_every_opening_needs_two_anew(service: Running) -> None:
    """Once it was opened, whoever wants to see it again needs another officer again."""
    entry_id = entry_of(await erased(service))
    await opening(service, entry_id, 0)
    await opening(service, entry_id, 1)
    assert succeeded(await opening(service, entry_id, 0))["proof"] is None


@pytest.mark.rule("R20")
async def test_nothing_opens_without_a_reason_or_to_a_key(service: Running) -> None:
    """An empty reason is refused, and so is whoever is no officer."""
    entry_id = entry_of(await erased(service))
    refused(await opening(service, entry_id, 0, body={"reason": ""}), 422, "invalid-body")
    refused(await opening(service, entry_id, 0, body={}), 422, "invalid-body")
    path = f"/v1/rights/proofs/{entry_id}/openings"
    refused(await service.post(path, REASON), 403, "forbidden")


@pytest.mark.rule("R20")
async def test_each_opening_is_an_entry_with_its_sealed_reason(service: Running) -> None:
    """Who asked stands in the ledger, which commits to the reason without telling it."""
    entry_id = entry_of(await erased(service))
    await opening(service, entry_id, 0)
    await opening(service, entry_id, 1)
    query = "SELECT payload, evidence FROM ledger_entries WHERE kind = 'proof_opening' ORDER BY entry_id"
    one, other = await service.database.fetch(query)
    assert [one["payload"]["opened"], other["payload"]["opened"]] == [False, True]
    assert one["payload"]["officer"] != other["payload"]["officer"]
    assert {one["payload"]["proof"], other["payload"]["proof"]} == {entry_id}
    assert b"claim" not in one["evidence"]
    assert REASON["reason"] not in str([one["payload"], other["payload"]])


@pytest.mark.rule("R20")
async def test_the_deployments_other_keys_do_not_open_it(service: Running) -> None:
    """It is sealed under the claims key, for its own entry alone."""
    entry_id = entry_of(await erased(service))
    row = await service.database.fetchrow("SELECT sealed, entry_id FROM consent_proofs")
    place = b"consent_proofs", b"sealed", row["entry_id"].bytes
    keyring = load_key_file(service.desks.settings)
    assert entry_id.encode() in keyring.claims.open(row["sealed"], *place)
    with pytest.raises(SealBroken):
        keyring.seal.open(row["sealed"], *place)
    with pytest.raises(SealBroken):
        keyring.claims.open(row["sealed"], *place[:2], uuid4().bytes)


@pytest.mark.rule("R20")
async def test_it_is_gone_when_its_time_is_over(service: Running) -> None:
    """After `retention.consent-proof` nobody opens it, and the retention job deletes it; not a day before."""
    entry_id = entry_of(await erased(service))
    assert await proofs.forget(service.database) == 0
    await execute(service, "UPDATE consent_proofs SET keep_until = clock_timestamp()")
    refused(await opening(service, entry_id, 0), 404, "proof-missing")
    assert await proofs.forget(service.database) == 1
    assert await service.count("consent_proofs") == 0


@pytest.mark.rule("R20")
async def test_a_kept_receipt_verifies_after_the_erasure(service: Running, tmp_path: Path) -> None:
    """The person can prove what they said, and that the log has it, when we can no longer read it."""
    answer = await erased(service)
    await sequencer_of(service).run()
    await proofs.forget(service.database, datetime.now(UTC) + 2 * YEARS)
    receipt, keys, proof = tmp_path / "receipt.json", tmp_path / "keys.json", tmp_path / "proof.json"
    receipt.write_bytes(msgspec.json.encode(answer))
    keys.write_bytes((await service.http.get("/.well-known/jwks.json")).content)
    proof.write_bytes((await service.http.get(f"/v1/ledger/proof/{entry_of(answer)}")).content)
    ended = await ledger(service, "verify", str(receipt), "--keys", str(keys), "--proof", str(proof))
    assert ended.status == 0, ended
    assert "leaf 0 of 5 in the log" in ended.said
