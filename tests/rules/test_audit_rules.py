"""`placet ledger verify` over a ledger that somebody has changed with psql."""

from typing import Any

import pytest

from service.ledger.sequencing import Sequencer
from tests.auditing import ledger
from tests.filing import erase
from tests.running import Running, customer
from tests.sequencing import execute, sequencer_of, written

ENTRY_OF = """
CREATE FUNCTION entry_of(place bigint) RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT entry_id FROM ledger_leaves WHERE leaf_index = place)
"""


@pytest.fixture
def sequencer(service: Running) -> Sequencer:
    """The sequencer of the running service."""
    return sequencer_of(service)


async def sequenced(service: Running, sequencer: Sequencer) -> list[str]:
    """Three checkpoints over thirteen entries, found by `entry_of`; returns their ids in the order of the tree."""
    await execute(service, ENTRY_OF)
    for count in (4, 6, 3):
        await written(service, count)
        await sequencer.run()
    rows = await service.database.fetch("SELECT entry_id FROM ledger_leaves ORDER BY leaf_index")
    return [str(row["entry_id"]) for row in rows]


async def found(service: Running) -> dict[str, Any]:
    """What the command says that is wrong."""
    ran = await ledger(service, "verify", "--json")
    assert ran.status == 1, ran
    report = ran.document
    assert not report["sound"]
    assert report["finding"]["sentence"] in ran.complained
    return report["finding"]


@pytest.mark.rule("L2")
async def test_a_ledger_that_nobody_changed_is_sound(service: Running, sequencer: Sequencer) -> None:
    """Entries of the service, also those that wait and those that an erasure emptied, are what was published."""
    await service.give(customer("erased"), "analytics", "personalization")
    await service.give(customer("stays"), "analytics", evidence={"screen": "banner-a"})
    await sequencer.run()
    await service.withdraw(customer("stays"))
    await erase(service, customer("erased"))
    await sequencer.run()
    await service.give(customer("waits"), "analytics")
    ran = await ledger(service, "verify", "--json")
    assert ran.status == 0, ran
    assert ran.document == {
        "sound": True, "leaves": 8, "emptied": 2, "checkpoints": 2, "waiting": 1, "missing": 0, "finding": None
    }  # fmt: skip
    assert "8 leaves, of which 2 emptied" in (await ledger(service, "verify")).said


SWAP = "UPDATE {0} a SET ({1}) = (SELECT {2} FROM {0} b WHERE b.{3} <> a.{3} AND b.{3} IN ({4})) WHERE a.{3} IN ({4})"


def swapped(table: str, columns: str, key: str, one: str, other: str) -> str:
    """A statement that lets two rows change what they hold."""
    return SWAP.format(table, columns, ", ".join(f"b.{c.strip()}" for c in columns.split(",")), key, f"{one}, {other}")


def reordered(one: int, other: int) -> str:
    """Statements that let two leaves change places."""
    return f"""
        UPDATE ledger_leaves SET leaf_index = -1 WHERE leaf_index = {one};
        UPDATE ledger_leaves SET leaf_index = {one} WHERE leaf_index = {other};
        UPDATE ledger_leaves SET leaf_index = {other} WHERE leaf_index = -1
    """  # noqa: S608 - numbers of this file


def copy_of(entry_id: str) -> str:
    """A statement that adds an entry of another subject which says what one of the ledger does."""
    columns = "kind, effective_at, recorded_at, payload, evidence, salt, commitment"
    return " ".join(("INSERT INTO ledger_entries SELECT gen_random_uuid(),", entry_id, ",", columns, FROM_ONE))


THREE_EIGHT = ("entry_of(3)", "entry_of(8)")
PAYLOAD = 'UPDATE ledger_entries SET payload = payload || \'{"purpose": "service"}\' WHERE entry_id = entry_of(5)'
COMMITMENT = "UPDATE ledger_entries SET salt = sha256('x'), commitment = sha256('y') WHERE entry_id = entry_of(5)"
FROM_ONE = "FROM ledger_entries WHERE entry_id = entry_of(5)"


@pytest.mark.rule("L2")
@pytest.mark.parametrize(
    ("statement", "what", "leaf"),
    [
        (PAYLOAD, "changed", 5),
        ("UPDATE ledger_entries SET salt = NULL WHERE entry_id = entry_of(5)", "changed", 5),
        (COMMITMENT, "changed", 5),
        ("UPDATE ledger_entries SET kind = 'objection' WHERE entry_id = entry_of(5)", "changed", 5),
        ("UPDATE ledger_entries SET effective_at = now() WHERE entry_id = entry_of(5)", "changed", 5),
        ("UPDATE ledger_entries SET recorded_at = now() WHERE entry_id = entry_of(5)", "changed", 5),
        ("UPDATE ledger_entries SET subject_id = gen_random_uuid() WHERE entry_id = entry_of(5)", "changed", 5),
        ("UPDATE ledger_leaves SET leaf_hash = sha256('x') WHERE leaf_index = 12", "changed", 12),
        ("DELETE FROM ledger_entries WHERE entry_id = entry_of(7)", "removed", 7),
        (
            swapped("ledger_entries", "payload, salt, commitment", "entry_id", *THREE_EIGHT),
            "swapped",
            3,
        ),
        (swapped("ledger_leaves", "leaf_hash", "leaf_index", "3", "8"), "swapped", 3),
        (reordered(3, 8), "swapped", 8),
        (reordered(6, 7), "swapped", 7),
        ("UPDATE ledger_entries SET payload = NULL, salt = NULL WHERE entry_id = entry_of(5)", "emptied", 5),
    ],
)
async def test_a_changed_removed_or_swapped_entry_is_named(
    service: Running, sequencer: Sequencer, statement: str, what: str, leaf: int
) -> None:
    """Whatever is done to an entry or its leaf, the first one that is wrong is named, and how."""
    ids = await sequenced(service, sequencer)
    assert (await ledger(service, "verify")).status == 0
    await execute(service, statement)
    finding = await found(service)
    assert (finding["what"], finding["entry_id"]) == (what, ids[leaf]), finding


@pytest.mark.rule("L2")
@pytest.mark.parametrize(
    ("statement", "what", "sentence"),
    [
        ("DELETE FROM ledger_leaves WHERE leaf_index = 4", "removed", "Leaf 4 is gone"),
        ("DELETE FROM ledger_leaves WHERE leaf_index = 12", "removed", "of 13 leaves was signed, and there are 12"),
        ("UPDATE ledger_nodes SET hash = sha256('x') WHERE level = 2 AND place = 1", "changed", "from 4 to 7"),
        ("DELETE FROM ledger_nodes WHERE level = 1 AND place = 2", "changed", "from 4 to 5"),
        ("UPDATE ledger_checkpoints SET root = sha256('x') WHERE tree_size = 4", "unsigned", "of 4 leaves"),
        ("UPDATE ledger_checkpoints SET tree_size = 5 WHERE tree_size = 4", "unsigned", "of 5 leaves"),
        (
            "UPDATE ledger_checkpoints SET note = translate(note, 'ABCDEFGHIJ', 'BCDEFGHIJA') WHERE tree_size = 4",
            "unsigned",
            "of 4 leaves",
        ),
        (
            copy_of("gen_random_uuid()"),
            "added",
            "written or changed by another hand",
        ),
        (
            copy_of("entry_id"),
            "added",
            "stands in the ledger twice",
        ),
    ],
)
async def test_what_was_done_to_the_tree_is_found(
    service: Running, sequencer: Sequencer, statement: str, what: str, sentence: str
) -> None:
    """Leaves, subtrees and checkpoints that were changed, removed or added are found."""
    await sequenced(service, sequencer)
    await execute(service, statement)
    finding = await found(service)
    assert finding["what"] == what, finding
    assert sentence in finding["sentence"]


@pytest.mark.rule("L2")
async def test_a_tree_that_was_made_anew_does_not_lead_to_what_was_signed(
    service: Running, sequencer: Sequencer
) -> None:
    """Whoever changes an entry and computes everything after it anew still has no root that was signed."""
    await sequenced(service, sequencer)
    await execute(
        service,
        """
        DELETE FROM ledger_entries WHERE entry_id = (SELECT entry_id FROM ledger_leaves WHERE leaf_index = 5);
        DELETE FROM ledger_leaves; DELETE FROM ledger_nodes;
        CREATE TABLE put_aside AS SELECT * FROM ledger_checkpoints; DELETE FROM ledger_checkpoints;
        INSERT INTO ledger_queue SELECT entry_id, sha256('\\x00'::bytea || commitment) FROM ledger_entries
        """,
    )
    file = service.desks.settings.published
    content = file.read_bytes()
    file.unlink()
    await written(service, 1)
    await sequencer.run()
    await execute(service, "DELETE FROM ledger_checkpoints; INSERT INTO ledger_checkpoints SELECT * FROM put_aside")
    file.write_bytes(content)
    assert "from 4 to 9" in (await found(service))["sentence"]
    await execute(service, "DELETE FROM ledger_checkpoints")
    assert "from 0 to 12" in (await found(service))["sentence"]


@pytest.mark.rule("L2")
async def test_an_emptied_entry_needs_an_erasure_that_committed_to_it(service: Running, sequencer: Sequencer) -> None:
    """An emptied entry is accepted while the erasure says so, and no longer when another hand changed that."""
    await service.give(customer(), "analytics")
    await sequencer.run()
    await erase(service, customer())
    await sequencer.run()
    assert (await ledger(service, "verify")).status == 0
    await execute(service, "UPDATE ledger_entries SET payload = payload - 'emptied' WHERE kind = 'erasure'")
    finding = await found(service)
    assert (finding["what"], finding["leaf_index"]) == ("emptied", 0)


@pytest.mark.rule("L2")
async def test_a_published_checkpoint_is_a_part_of_what_is_verified(service: Running, sequencer: Sequencer) -> None:
    """A file that is gone, cut off, of another key or ahead of the database is found."""
    await sequenced(service, sequencer)
    file = service.desks.settings.published
    content = file.read_text()
    file.unlink()
    assert "the file of the last one is gone" in (await found(service))["sentence"]
    file.write_text(content[:30])
    assert "holds no checkpoint" in (await found(service))["sentence"]
    file.write_text(content.replace("\n13\n", "\n14\n"))
    assert "of 14 leaves was signed" in (await found(service))["sentence"]
    name, _, _, *rest = content.split("\n")
    file.write_text("\n".join([name, "12", "A" * 43 + "=", *rest]))
    assert "of 12 leaves is not one that a key of this ledger has signed" in (await found(service))["sentence"]
