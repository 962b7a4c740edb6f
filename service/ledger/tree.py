"""The Merkle tree of RFC 6962: hashes, and the proofs that an entry is in it and that one tree extends another.

Pure: who keeps the hashes of the complete subtrees can make any proof of a tree of n leaves from about 2 log n of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from service.kernel.crypto import digest

HASH_BYTES = 32
EMPTY_ROOT = digest()


class Node(NamedTuple):
    """A complete subtree: of 2^level leaves, the first of which is number place * 2^level."""

    level: int
    place: int


class Stretch(NamedTuple):
    """The leaves from `start` up to and without `end`, which a proof takes as one hash."""

    start: int
    end: int


Hashes = Mapping[Node, bytes]


def leaf_hash(commitment: bytes) -> bytes:
    """The hash of a leaf (RFC 6962, 2.1)."""
    return digest(b"\x00", commitment)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees (RFC 6962, 2.1)."""
    return digest(b"\x01", left, right)


class Tree:
    """A tree that grows leaf by leaf and remembers only the complete subtrees on its right edge, the largest first."""

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        self.size = size
        self._edge = list(edge)

    def append(self, leaf: bytes) -> Iterator[tuple[Node, bytes]]:
        """Add a leaf; yields every subtree of more than one leaf that it completes. Exhaust it before the next leaf."""
        node, value = Node(0, self.size), leaf
        self.size += 1
        while node.place & 1:
            node, value = Node(node.level + 1, node.place >> 1), node_hash(self._edge.pop(), value)
            yield node, value
        self._edge.append(value)

    @property
    def root(self) -> bytes:
        """The root hash (RFC 6962, 2.1)."""
        return _folded(self._edge) if self._edge else EMPTY_ROOT


def complete(stretch: Stretch) -> list[Node]:
    """The complete subtrees that a stretch of a proof, or a whole tree, consists of; the largest first."""
    start, end = stretch
    found: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(Node(level, start >> level))
        start += 1 << level
    return found


def edge(size: int) -> list[Node]:
    """The complete subtrees of a tree of this size: all that its root needs."""
    return complete(Stretch(0, size))


def root(size: int, hashes: Hashes) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _hash_of(Stretch(0, size), hashes) if size else EMPTY_ROOT


def inclusion(index: int, size: int) -> list[Stretch]:
    """What the proof of leaf `index` in a tree of `size` leaves consists of, in its order (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    path: list[Stretch] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(Stretch(middle, end))
            end = middle
        else:
            path.append(Stretch(start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Stretch]:
    """What the proof consists of that a tree of `new` leaves extends one of `old`, in its order (RFC 6962, 2.1.2)."""
    if not 0 < old <= new:
        raise ValueError("a tree extends only one that is not empty and not larger")
    path: list[Stretch] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _left(end - start)
        if old <= middle:
            path.append(Stretch(middle, end))
            end = middle
        else:
            path.append(Stretch(start, middle))
            start, whole = middle, False
    return path[::-1] if whole else [Stretch(start, end), *path[::-1]]


def needed(stretches: Iterable[Stretch]) -> list[Node]:
    """The complete subtrees whose hashes a proof is made of."""
    return [node for stretch in stretches for node in complete(stretch)]


def proof(stretches: Iterable[Stretch], hashes: Hashes) -> list[bytes]:
    """The hashes of a proof."""
    return [_hash_of(stretch, hashes) for stretch in stretches]


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree with this root has this leaf at this place (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes([leaf, *proof]):
        return False
    at, last, value = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            value = node_hash(other, value)
            at, last = _up_to_right_child(at, last)
        else:
            value = node_hash(value, other)
        at, last = at >> 1, last >> 1
    return last == 0 and value == root


def extends(new_root: bytes, new: int, old_root: bytes, old: int, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that one tree extends the other (RFC 9162, 2.1.4.2); of an empty one nothing shows that."""
    if old == new:
        return old > 0 and not proof and new_root == old_root
    if not 0 < old < new or not _are_hashes(proof) or not proof:
        return False
    first, *rest = proof if old & (old - 1) else [old_root, *proof]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_value = new_value = first
    for other in rest:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_value, new_value = node_hash(other, old_value), node_hash(other, new_value)
            at, last = _up_to_right_child(at, last)
        else:
            new_value = node_hash(new_value, other)
        at, last = at >> 1, last >> 1
    return last == 0 and old_value == old_root and new_value == new_root


def _left(size: int) -> int:
    """How many leaves the left subtree of a tree has: the largest power of two that is smaller."""
    return 1 << (size - 1).bit_length() - 1


def _up_to_right_child(at: int, last: int) -> tuple[int, int]:
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _hash_of(stretch: Stretch, hashes: Hashes) -> bytes:
    return _folded([hashes[node] for node in complete(stretch)])


def _folded(edge: Sequence[bytes]) -> bytes:
    *rest, value = edge
    for larger in reversed(rest):
        value = node_hash(larger, value)
    return value


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
