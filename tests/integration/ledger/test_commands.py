"""`placet ledger checkpoint` and `prove`, and how all of them end."""

from service.ledger.sequencing import Sequencer
from tests.auditing import ledger
from tests.independent_ledger import opened
from tests.running import Running, succeeded
from tests.sequencing import execute, published, written

UNKNOWN = "00000000-0000-7000-8000-000000000000"


async def test_the_last_checkpoint_is_printed_and_compared(service: Running, sequencer: Sequencer) -> None:
    """The note is what is published; for programs there is the key that verifies it, too."""
    await written(service, 3)
    await sequencer.run()
    ran = await ledger(service, "checkpoint")
    assert (ran.status, ran.said) == (0, published(service).read_text())
    told = (await ledger(service, "checkpoint", "--json")).document
    jwks = succeeded(await service.http.get("/.well-known/jwks.json"))
    name, size, _ = opened(told["checkpoint"], jwks)
    assert (told["tree_size"], told["agrees"], told["file"]) == (size, True, str(published(service)))
    assert told["key"].startswith(f"{name}+")


async def test_without_a_checkpoint_there_is_none_to_print(service: Running) -> None:
    """An empty ledger is told so, and is sound."""
    ran = await ledger(service, "checkpoint")
    assert (ran.status, ran.said) == (1, "")
    assert "No checkpoint has been signed yet" in ran.complained
    assert (await ledger(service, "verify")).status == 0


async def test_a_tree_that_does_not_extend_the_file_is_told(service: Running, sequencer: Sequencer) -> None:
    """The note is printed all the same: it is what restores a file that is lost."""
    await written(service, 3)
    await sequencer.run()
    content = published(service).read_text()
    published(service).unlink()
    ran = await ledger(service, "checkpoint")
    assert (ran.status, ran.said) == (1, content)
    assert "is gone, although checkpoints were published" in ran.complained
    published(service).write_text(ran.said)
    assert (await ledger(service, "checkpoint")).status == 0
    await execute(service, "DELETE FROM ledger_leaves WHERE leaf_index = 2")
    ran = await ledger(service, "checkpoint", "--json")
    assert (ran.status, ran.document["agrees"]) == (1, False)


async def test_a_proof_is_the_one_of_the_service(service: Running, sequencer: Sequencer) -> None:
    """The command proves what the address proves, and refuses what it refuses."""
    (entry_id,) = await written(service, 1)
    waiting = await ledger(service, "prove", str(entry_id))
    assert (waiting.status, waiting.said) == (1, "")
    assert "not in a published tree yet" in waiting.complained
    await sequencer.run()
    ran = await ledger(service, "prove", str(entry_id))
    assert (ran.status, ran.document) == (0, succeeded(await service.http.get(f"/v1/ledger/proof/{entry_id}")))
    assert (await ledger(service, "prove", UNKNOWN)).status == 1
    assert (await ledger(service, "prove", "certainly-not-a-uuid")).status == 2


async def test_a_database_that_is_gone_is_told_apart_from_a_bad_ledger(service: Running) -> None:
    """What cannot be reached ends with 3, and says which setting to look at."""
    for command in ("checkpoint", "verify"):
        ran = await ledger(service, command, PLACET_DATABASE_URL="postgresql://127.0.0.1:1/none")
        assert ran.status == 3
        assert "PLACET_DATABASE_URL" in ran.complained
