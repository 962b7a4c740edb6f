"""The rules of receipts: what a person keeps proves what they said, to whoever does not believe us."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from click.testing import CliRunner, Result
from joserfc import jws
from joserfc.jwk import KeySet

from service.cli.main import main
from service.kernel.crypto import Signer, random_key
from service.ledger import note
from tests.filing import erase
from tests.running import Running, customer, succeeded
from tests.sequencing import sequencer_of

ADA = customer("ada")


async def kept(service: Running, folder: Path, answer: dict[str, Any]) -> tuple[Path, Path]:
    """A receipt as a person keeps it, and the public keys as anyone can save them."""
    receipt, keys = folder / "receipt.txt", folder / "keys.json"
    receipt.write_text(answer["receipt"])
    keys.write_bytes((await service.http.get("/.well-known/jwks.json")).content)
    return receipt, keys


def verify(receipt: Path, keys: Path, *options: str) -> Result:
    """What `placet ledger verify` says, without a service or a database."""
    return CliRunner().invoke(main, ["ledger", "verify", str(receipt), "--keys", str(keys), *options], env={})


def raw(text: str) -> bytes:
    """The bytes that base64url text stands for."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def proven(receipt: str, keys: bytes) -> list[dict[str, Any]]:
    """The records of a receipt, checked by the standards alone: RFC 7515, RFC 8785, SHA-256."""
    document = jws.deserialize_compact(receipt, KeySet.import_key_set(json.loads(keys)), algorithms=["Ed25519"])
    assert document.headers()["typ"] == "placet-receipt+jwt"
    records = json.loads(document.payload)["records"]
    for record in records:
        committed = hashlib.sha256(raw(record["salt"]) + rfc8785.dumps(record["payload"])).digest()
        assert committed == raw(record["commitment"])
    return records


@pytest.mark.rule("R20")
async def test_a_kept_receipt_verifies_after_the_erasure(service: Running, tmp_path: Path) -> None:
    """A kept receipt still verifies when its subject has been erased: it carries what the ledger has no longer."""
    answer = await service.give(ADA, "analytics", "personalization", evidence={"screen": "banner-a"})
    receipt, keys = await kept(service, tmp_path, answer)
    before = proven(receipt.read_text(), keys.read_bytes())
    await erase(service, ADA)
    assert await service.database.fetchval("SELECT count(payload) FROM ledger_entries WHERE kind = 'consent'") == 0
    assert proven(receipt.read_text(), keys.read_bytes()) == before
    commitments = await service.database.fetch("SELECT commitment FROM ledger_entries WHERE kind = 'consent'")
    assert {row["commitment"] for row in commitments} == {raw(record["commitment"]) for record in before}
    checked = verify(receipt, keys)
    assert (checked.exit_code, "holds" in checked.output) == (0, True), checked.output


async def test_a_receipt_is_named_after_the_standard(service: Running) -> None:
    """Each record names what ISO/IEC TS 27560 asks for, and says the same as the payload that is committed to."""
    answer = await service.give(ADA, "analytics", now="2026-03-01T12:00:00Z")
    claims = json.loads(raw(answer["receipt"].split(".")[1]))
    (record,) = claims["records"]
    payload = record["payload"]
    assert claims["sub"] == record["pii_principal_id"] == payload["subject_id"] == answer["subject_id"]
    assert record["record_id"] == payload["entry_id"] == answer["records"][0]["entry_id"] == claims["receipt_id"]
    assert (record["privacy_notice"], record["language"]) == ("shop/1.0", "it")
    assert record["event"] == [
        {
            "event_time": payload["effective_at"],
            "event_type": "consent",
            "event_state": "given",
            "entity_id": payload["subject_id"],
            "valid_until": payload["valid_until"],
        }
    ]
    (party,) = claims["pii_controllers"]
    assert party["party_name"] == service.desks.policy.current.controller.name
    assert record["purposes"] == [
        {
            "purpose": "analytics",
            "lawful_basis": "consent",
            "pii_controllers": [party["party_id"]],
            "recipient_third_parties": ["ads"],
            "retention_period": "P395D",
        }
    ]


async def test_every_no_comes_with_a_receipt_too(service: Running, tmp_path: Path) -> None:
    """A refusal, a withdrawal and an objection are kept, and proven, like a grant."""
    body = {"subject": ADA, "purposes": ["marketing_email"]}
    answers = {
        "refused": succeeded(await service.record(ADA, {"analytics": "refused"}), 201),
        "withdrawn": await service.withdraw(ADA),
        "objected": succeeded(await service.post("/v1/objections", body), 201),
    }
    for state, answer in answers.items():
        receipt, keys = await kept(service, tmp_path, answer)
        records = proven(receipt.read_text(), keys.read_bytes())
        assert {record["event"][0]["event_state"] for record in records} == {state}
        assert verify(receipt, keys).exit_code == 0


async def test_a_receipt_is_checked_as_it_came(service: Running, tmp_path: Path) -> None:
    """The JSON answer that a receipt came in is as good as the receipt; `--json` tells a program what holds."""
    answer = await service.give(ADA, "analytics", now="2026-03-01T12:00:00Z")
    receipt, keys = await kept(service, tmp_path, answer)
    receipt.write_text(json.dumps(answer, indent=2))
    checked = verify(receipt, keys, "--json")
    assert checked.exit_code == 0, checked.output
    entry = {
        "entry_id": answer["records"][0]["entry_id"],
        "purpose": "analytics",
        "state": "given",
        "effective_at": "2026-03-01T12:00:00.000000Z",
        "leaf_index": None,
        "tree_size": None,
    }
    assert json.loads(checked.output) == {"valid": True, "issuer": service.desks.settings.issuer, "records": [entry]}


async def test_a_receipt_with_a_changed_byte_is_refused(service: Running, tmp_path: Path) -> None:
    """Whichever character of a receipt is changed, or wherever it is cut off, the answer is no, and says why."""
    receipt, keys = await kept(service, tmp_path, await service.give(ADA, "analytics"))
    whole = receipt.read_text()
    spoilt = [whole[:place] + ("A" if whole[place] != "A" else "B") + whole[place + 1 :] for place in range(len(whole))]
    for text in (*spoilt[::7], spoilt[-1], *(whole[:length] for length in range(0, len(whole), 97)), "{}", "\0"):
        receipt.write_text(text)
        checked = verify(receipt, keys)
        assert (checked.exit_code, "changed" in checked.output or "not among" in checked.output) == (1, True), text
    told = verify(receipt, keys, "--json")
    assert (told.exit_code, json.loads(told.output)["valid"]) == (1, False)


async def test_a_receipt_of_another_issuer_is_refused(service: Running, tmp_path: Path) -> None:
    """A key that is not among those given is named as the reason; so is a document that is no receipt."""
    receipt, keys = await kept(service, tmp_path, await service.give(ADA, "analytics"))
    other = tmp_path / "others.json"
    other.write_text(
        json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})
    )
    assert "not among these" in verify(receipt, other).output
    receipt.write_text(await erase(service, ADA))
    assert "no placet-receipt+jwt" in verify(receipt, keys).output


async def test_files_that_cannot_be_used_are_a_mistake_of_the_call(service: Running, tmp_path: Path) -> None:
    """A file that is not there, and keys that are none, end with status 2 and say what to do."""
    receipt, keys = await kept(service, tmp_path, await service.give(ADA, "analytics"))
    assert verify(tmp_path / "nowhere", keys).exit_code == 2
    keys.write_text("{}")
    checked = verify(receipt, keys)
    assert (checked.exit_code, "jwks.json" in checked.output) == (2, True)


async def proof_of(service: Running, path: Path, entry_id: str) -> Path:
    """The proof that the log has an entry, as anyone can save it."""
    return saved(path, succeeded(await service.http.get(f"/v1/ledger/proof/{entry_id}")))


def saved(path: Path, proof: dict[str, Any]) -> Path:
    """A proof in a file."""
    path.write_text(json.dumps(proof))
    return path


async def test_a_proof_shows_that_the_log_has_the_entry(service: Running, tmp_path: Path) -> None:
    """With a saved proof the check ends at the root that was signed, also when the subject has been erased."""
    for number in range(6):
        await service.give(customer(f"other {number}"), "analytics")
    answer = await service.give(ADA, "analytics", "personalization")
    receipt, keys = await kept(service, tmp_path, answer)
    await erase(service, ADA)
    await sequencer_of(service).run()
    ids = [record["entry_id"] for record in answer["records"]]
    proofs = [await proof_of(service, tmp_path / f"proof-{entry_id}", entry_id) for entry_id in ids]
    checked = verify(receipt, keys, "--proof", str(proofs[0]), "--proof", str(proofs[1]), "--json")
    assert checked.exit_code == 0, checked.output
    told = json.loads(checked.output)["records"]
    (size,) = {record["tree_size"] for record in told}
    assert size == await service.count("ledger_leaves")
    assert len({record["leaf_index"] for record in told}) == 2
    assert f"of {size} in the log" in verify(receipt, keys, "--proof", str(proofs[0])).output


async def test_a_proof_that_does_not_fit_is_refused(service: Running, tmp_path: Path) -> None:
    """A proof of another entry, for another tree, or with anything changed is refused with what is wrong."""
    answer = await service.give(ADA, "analytics")
    other = await service.give(customer("other"), "analytics")
    receipt, keys = await kept(service, tmp_path, answer)
    await sequencer_of(service).run()
    ids = [each["records"][0]["entry_id"] for each in (answer, other)]
    own, others = [json.loads((await proof_of(service, tmp_path / "proof", entry_id)).read_text()) for entry_id in ids]
    await service.give(customer("third"), "analytics")
    await sequencer_of(service).run()
    later = json.loads((await proof_of(service, tmp_path / "proof", ids[0])).read_text())
    stranger = note.sign(note.name_of(service.desks.settings.issuer), 2, bytes(32), Signer(random_key())).note
    elsewhere = note.sign("elsewhere.example", 2, note.read(own["checkpoint"]).root, service.desks.signer).note
    wrong = {
        "that of another entry": [others],
        "is not signed": [
            own | {"checkpoint": stranger},
            own | {"checkpoint": own["checkpoint"].replace("\n2\n", "\n3\n", 1)},
        ],
        "another log": [own | {"checkpoint": elsewhere}],
        "does not lead": [
            own | {"hashes": []},
            own | {"hashes": others["hashes"]},
            own | {"leaf_index": 1 - own["leaf_index"]},
            own | {"leaf_index": 7},
            own | {"tree_size": 3},
            own | {"leaf_hash": others["leaf_hash"]},
            own | {"hashes": [*own["hashes"], own["hashes"][0]]},
            own | {"checkpoint": later["checkpoint"]},
        ],
        "cut off or changed": [own | {"checkpoint": own["checkpoint"][:-9]}, own | {"hashes": ["?"]}],
    }
    for reason, proofs in wrong.items():
        for spoilt in proofs:
            (tmp_path / "proof").write_text(json.dumps(spoilt))
            checked = verify(receipt, keys, "--proof", str(tmp_path / "proof"))
            assert (checked.exit_code, reason in checked.output) == (1, True), (reason, checked.output)
    (tmp_path / "proof").write_text("{}")
    assert verify(receipt, keys, "--proof", str(tmp_path / "proof")).exit_code == 2
