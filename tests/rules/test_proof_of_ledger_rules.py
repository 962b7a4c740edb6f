"""The ledger proves itself over HTTP to somebody who believes nothing of ours."""

import base64
import json
from typing import Any

import pytest

from service.ledger.sequencing import Sequencer
from tests.filing import erase
from tests.independent_ledger import committed, opened, require_extended, require_included, url64
from tests.running import Running, customer, refused, succeeded
from tests.sequencing import sequencer_of, written

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def sequencer(service: Running) -> Sequencer:
    """The sequencer of the running service."""
    return sequencer_of(service)


async def asked(service: Running, path: str) -> Any:
    """What anyone gets who asks without a credential."""
    return await service.http.get(path)


async def keys(service: Running) -> dict[str, Any]:
    """The public keys."""
    return succeeded(await asked(service, "/.well-known/jwks.json"))


def records(receipt: str) -> list[dict[str, Any]]:
    """The entries in a receipt."""
    return json.loads(url64(receipt.split(".")[1]))["records"]


@pytest.mark.rule("L1")
async def test_an_independent_verifier_accepts_what_a_receipt_says(service: Running, sequencer: Sequencer) -> None:
    """Receipt, proof and checkpoint convince a verifier written from the standards alone, in trees of any size."""
    for number in range(12):
        answer = await service.give(customer(f"customer-{number}"), "analytics", "personalization")
        await sequencer.run()
        for record in records(answer["receipt"]):
            proof = succeeded(await asked(service, f"/v1/ledger/proof/{record['payload']['entry_id']}"))
            assert proof["entry_id"] == record["payload"]["entry_id"]
            require_included(proof, committed(record["salt"], record["payload"]), await keys(service))
            changed = record["payload"] | {"status": "refused"}
            with pytest.raises(AssertionError):
                require_included(proof, committed(record["salt"], changed), await keys(service))


@pytest.mark.rule("L1")
async def test_an_independent_verifier_accepts_that_checkpoints_extend_each_other(
    service: Running, sequencer: Sequencer
) -> None:
    """Between any two checkpoints there is a proof that nothing was changed or removed."""
    seen: list[str] = []
    for count in (1, 1, 3, 2, 6, 1):
        await written(service, count)
        await sequencer.run()
        answer = await asked(service, "/v1/ledger/checkpoint")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        seen.append(answer.text)
    public = await keys(service)
    for place, new in enumerate(seen):
        for old in seen[: place + 1]:
            sizes = opened(old, public)[1], opened(new, public)[1]
            proof = succeeded(await asked(service, "/v1/ledger/consistency?from={}&to={}".format(*sizes)))
            require_extended(proof, old, new, public)
    proof = succeeded(await asked(service, "/v1/ledger/consistency?from=2&to=14"))
    proof["hashes"][0] = base64.b64encode(bytes(32)).decode()
    with pytest.raises(AssertionError):
        require_extended(proof, seen[1], seen[-1], public)


async def test_a_receipt_is_proven_after_its_person_was_erased(service: Running, sequencer: Sequencer) -> None:
    """What the subject kept still proves what they said when we can read it no longer."""
    (record,) = records((await service.give(customer(), "analytics"))["receipt"])
    await sequencer.run()
    await erase(service, customer())
    await sequencer.run()
    proof = succeeded(await asked(service, f"/v1/ledger/proof/{record['payload']['entry_id']}"))
    require_included(proof, committed(record["salt"], record["payload"]), await keys(service))


async def test_an_entry_that_waits_is_asked_for_again(service: Running, sequencer: Sequencer) -> None:
    """Before its tree is published an entry has no proof, and the answer says when to ask again."""
    ((first,), (second,)) = await written(service, 1), await written(service, 1)
    for entry_id in (first, second):
        answer = await asked(service, f"/v1/ledger/proof/{entry_id}")
        assert refused(answer, 409, "entry-waiting")
        assert answer.headers["retry-after"] == "1"
    await sequencer.run()
    assert succeeded(await asked(service, f"/v1/ledger/proof/{first}"))["tree_size"] == 2
    (late,) = await written(service, 1)
    refused(await asked(service, f"/v1/ledger/proof/{late}"), 409, "entry-waiting")


async def test_nothing_is_proven_of_what_is_not_there(service: Running, sequencer: Sequencer) -> None:
    """An unknown entry, a tree that was not published, and an empty one have no proof."""
    refused(await asked(service, "/v1/ledger/checkpoint"), 404, "checkpoint-missing")
    refused(await asked(service, "/v1/ledger/consistency?from=1&to=1"), 404, "checkpoint-missing")
    refused(await asked(service, f"/v1/ledger/proof/{UNKNOWN}"), 404, "entry-unknown")
    refused(await asked(service, "/v1/ledger/proof/certainly-not-a-uuid"), 404, "not-found")
    await written(service, 5)
    await sequencer.run()
    for query in ("from=0&to=5", "from=1&to=6", "from=4&to=3", "from=-1&to=3", "to=3", "from=1", "from=x&to=3"):
        refused(await asked(service, f"/v1/ledger/consistency?{query}"), 422, "invalid-body")
    refused(await asked(service, f"/v1/ledger/consistency?from=1&to={2**70}"), 422, "invalid-body")


async def test_history_tells_the_place_of_each_entry(service: Running, sequencer: Sequencer) -> None:
    """The history has no place for an entry at first, and the one of the proof when it is in the tree."""
    await service.give(customer(), "analytics", "personalization")

    async def places() -> dict[str, int | None]:
        history = succeeded(await service.post("/v1/consents/history", {"subject": customer()}))
        return {entry["entry_id"]: entry["leaf_index"] for entry in history["entries"]}

    assert [*(await places()).values()] == [None, None]
    await sequencer.run()
    for entry_id, place in (await places()).items():
        assert succeeded(await asked(service, f"/v1/ledger/proof/{entry_id}"))["leaf_index"] == place
