"""The Merkle tree: public vectors, and trees that are computed by the letter of RFC 6962."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from service.ledger import tree
from service.ledger.tree import Node, Tree

VECTORS = Path(__file__).parents[3] / "../shared/vectors"
MOST = 40
"""Sizes up to which every proof is tried."""


def vectors(name: str) -> list[Any]:
    """The lines of a file of vectors; one that is skipped where the file is not there."""
    file = VECTORS / f"merkle-{name}.jsonl"
    if not file.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"{file.name} is not there"))]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [pytest.param(line, id=line["name"]) for line in lines]


def raw(values: Sequence[str] | None) -> list[bytes]:
    """What base64 texts stand for."""
    return [base64.b64decode(value) for value in values or []]


@pytest.mark.rule("L1")
@pytest.mark.parametrize("vector", vectors("inclusion"))
def test_inclusion_proofs_are_judged_as_the_vectors_say(vector: dict[str, Any]) -> None:
    """A good proof of inclusion is accepted, and none that is malformed or of another leaf or tree."""
    root, leaf = raw([vector["root"], vector["leafHash"]])
    good = tree.includes(root, vector["treeSize"], vector["leafIdx"], leaf, raw(vector["proof"]))
    assert good is not vector["wantErr"]


@pytest.mark.rule("L1")
@pytest.mark.parametrize("vector", vectors("consistency"))
def test_consistency_proofs_are_judged_as_the_vectors_say(vector: dict[str, Any]) -> None:
    """A good proof of consistency is accepted, and none that is malformed or starts from the empty tree."""
    old, new = raw([vector["root1"], vector["root2"]])
    good = tree.extends(new, vector["size2"], old, vector["size1"], raw(vector["proof"]))
    assert good is not vector["wantErr"]


def leaves(count: int) -> list[bytes]:
    """Leaves that differ."""
    return [tree.leaf_hash(bytes([number])) for number in range(count)]


def by_the_letter(hashed: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as it stands there."""
    if not hashed:
        return hashlib.sha256().digest()
    if len(hashed) == 1:
        return hashed[0]
    half = 1
    while half * 2 < len(hashed):
        half *= 2
    return hashlib.sha256(b"\x01" + by_the_letter(hashed[:half]) + by_the_letter(hashed[half:])).digest()


def grown(count: int) -> tuple[list[bytes], dict[Node, bytes]]:
    """The roots of the trees of 0 to `count` leaves, and every complete subtree."""
    growing, hashes = Tree(), {}
    roots = [growing.root]
    for index, leaf in enumerate(leaves(count)):
        hashes |= {Node(0, index): leaf, **dict(growing.append(leaf))}
        roots.append(growing.root)
    return roots, hashes


def test_a_growing_tree_has_the_roots_of_the_standard() -> None:
    """At each size the root is the one that RFC 6962 defines, and so it is from the stored subtrees."""
    roots, hashes = grown(MOST)
    assert roots == [by_the_letter(leaves(size)) for size in range(MOST + 1)]
    assert roots == [tree.root(size, hashes) for size in range(MOST + 1)]


def test_a_tree_goes_on_from_its_edge() -> None:
    """Whoever has the right edge of a tree grows it as if they had it all."""
    roots, hashes = grown(MOST)
    for size in range(MOST):
        growing = Tree(size, [hashes[node] for node in tree.edge(size)])
        assert growing.root == roots[size]
        completed = dict(growing.append(leaves(MOST)[size]))
        assert growing.root == roots[size + 1]
        assert completed.items() <= hashes.items()


def test_every_leaf_of_every_size_has_a_proof() -> None:
    """Each proof of inclusion is accepted for its own leaf, place and size, and for no other leaf."""
    roots, hashes = grown(MOST)
    for size in range(1, MOST + 1):
        for index in range(size):
            path = tree.proof(tree.inclusion(index, size), hashes)
            assert tree.includes(roots[size], size, index, hashes[Node(0, index)], path)
            assert not tree.includes(roots[size], size, index, tree.leaf_hash(b"another"), path)
            assert not tree.includes(roots[size - 1], size, index, hashes[Node(0, index)], path)


def test_every_tree_is_shown_to_extend_every_smaller_one() -> None:
    """Each proof of consistency is accepted for its two trees, and for no other old one."""
    roots, hashes = grown(MOST)
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            path = tree.proof(tree.consistency(old, new), hashes)
            assert tree.extends(roots[new], new, roots[old], old, path)
            assert not tree.extends(roots[new], new, roots[old - 1], old, path)


def test_proofs_need_few_subtrees() -> None:
    """A proof in a tree of a million leaves is made from less than fifty hashes."""
    size = 1_000_000
    for index in (0, 1, 524_287, 524_288, 777_777, size - 1):
        assert len(tree.needed(tree.inclusion(index, size))) < 50
        assert len(tree.needed(tree.consistency(index + 1, size))) < 50


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    """Asking for the proof of a leaf outside the tree is a mistake."""
    with pytest.raises(ValueError, match="no such leaf"):
        tree.inclusion(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (-1, 3), (4, 3)])
def test_there_is_no_proof_of_extending_an_empty_or_larger_tree(old: int, new: int) -> None:
    """Asking how a tree extends an empty or a larger one is a mistake."""
    with pytest.raises(ValueError, match="extends only"):
        tree.consistency(old, new)
