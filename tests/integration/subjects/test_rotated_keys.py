"""What was sealed or signed under an old key is read on, while the service runs."""

import asyncio
import json
from pathlib import Path

from joserfc import jws
from joserfc.jwk import KeySet

from tests.filing import REQUESTS, data, file, package
from tests.integration.cli.playing import until
from tests.process import process_beside
from tests.rotating import copied, keys
from tests.running import Running, customer, succeeded


async def test_the_seal_key_is_rotated_under_a_running_service(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """Everything sealed before is sealed anew and opens; the old key goes an hour later, and with it old copies."""
    evidence = {"screen": "banner-a"}
    headers = {"Idempotency-Key": "once"}
    first = succeeded(await service.record(customer(), {"analytics": "given"}, evidence=evidence, headers=headers), 201)
    request = await file(service, "access", customer(), details="what I want")
    old = copied(service, tmp_path / "old")
    async with process_beside(service, policies_dir, tmp_path / "log") as other:
        assert (await keys(service, "rotate", "root")).status == 0
        rotated = await keys(service, "rotate", "seal")
        assert (rotated.status, "in 60 minutes or later" in rotated.said) == (0, True), rotated.complained
        await other.give(customer("new"), "analytics")
        await service.database.run(
            "test.age",
            lambda connection: connection.execute("UPDATE key_stages SET changed_at = changed_at - interval '1 hour'"),
        )
        again = await keys(service, "rotate", "seal")
        assert (again.status, "The old key is destroyed" in again.said) == (0, True), again.complained
        held = json.loads((service.data_dir / "keys.json").read_text())["keys"]
        assert [key["version"] for key in held if key["use"] == "seal"] == [2]
        async with process_beside(service, policies_dir, tmp_path / "third") as third:
            for process in (service, other, third):
                same = await process.record(customer(), {"analytics": "given"}, evidence=evidence, headers=headers)
                assert succeeded(same, 201) == first
                shown = succeeded(await process.get(f"{REQUESTS}/{request['request_id']}", key=service.officers[0]))
                assert shown["details"] == "what I want"
        keyring = service.desks.subjects._keyring
        await until(lambda: {key.version for key in keyring.known if key.use == "seal"} == {2})
    held_of = data(await package(service, customer()))
    assert "banner-a" in json.dumps(held_of)
    stale = await keys(service, "rotate", "seal", data_dir=old)
    assert "a copy from before a rotation" in stale.complained
    assert "lookup" not in stale.complained


async def test_what_an_old_signing_key_signed_verifies_for_ever(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """A receipt from before a rotation verifies with the keys that any process publishes; new ones name the new key."""
    receipts = [(await service.give(customer(), "analytics"))["receipt"]]
    async with process_beside(service, policies_dir, tmp_path / "log") as other:
        for _ in range(2):
            rotated = await keys(service, "rotate", "signing")
            assert rotated.status == 0, rotated.complained
            receipts.append(await _signed_otherwise(other, {_signer(receipt) for receipt in receipts}))
        for process in (service, other):
            known = KeySet.import_key_set(succeeded(await process.get("/.well-known/jwks.json")))
            for receipt in receipts:
                jws.deserialize_compact(receipt, known, algorithms=["Ed25519"])
    held = json.loads((service.data_dir / "keys.json").read_text())["keys"]
    assert [(key["version"], key["state"]) for key in held if key["use"] == "signing"] == [
        (1, "old"),
        (2, "old"),
        (3, "current"),
    ]


def _signer(receipt: str) -> str:
    return jws.extract_compact(receipt.encode()).headers()["kid"]


async def _signed_otherwise(process: Running, before: set[str]) -> str:
    """The first receipt that a process signs with another key than those before; it learns within a second."""
    async with asyncio.timeout(10):
        while _signer(receipt := (await process.give(customer(), "analytics"))["receipt"]) in before:
            pass
        return receipt
