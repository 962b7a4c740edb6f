"""The leaves that were published, in a file beside the checkpoint: entry ids and hashes, which lead to nobody.

It is written before the checkpoint that signs it, so that whatever was published can be put back.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

from service.ledger.gap.model import Leaf

ID_BYTES, LEAF_BYTES = 16, 48
PAGE = 2000


class Leaves:
    """One file; leaf number n stands at 48 n."""

    def __init__(self, checkpoint: Path) -> None:
        self.path = checkpoint.with_suffix(".leaves")

    @property
    def count(self) -> int:
        """How many leaves the file has; raises `OSError` where that cannot be seen."""
        try:
            return self.path.stat().st_size // LEAF_BYTES
        except FileNotFoundError:
            return 0

    def pages(self, first: int, end: int) -> Iterator[list[Leaf]]:
        """The leaves from `first` up to and without `end`, some at a time; raises `OSError`."""
        with self.path.open("rb") as file:
            file.seek(first * LEAF_BYTES)
            while first < end and (content := file.read(min(PAGE, end - first) * LEAF_BYTES)):
                yield [_leaf(content[at : at + LEAF_BYTES]) for at in range(0, len(content), LEAF_BYTES)]
                first += PAGE

    def write(self, first: int, leaves: Iterable[Leaf]) -> None:
        """Let these follow the first so many leaves, in the place of what did; on the disk afterwards."""
        content = b"".join(record(leaf) for leaf in leaves)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.ftruncate(file, first * LEAF_BYTES)
            os.lseek(file, 0, os.SEEK_END)
            while content:
                content = content[os.write(file, content) :]
            os.fsync(file)
        finally:
            os.close(file)


def record(leaf: Leaf) -> bytes:
    """A leaf as it stands in the file."""
    return leaf.entry_id.bytes + leaf.hash


def _leaf(content: bytes) -> Leaf:
    return Leaf(UUID(bytes=content[:ID_BYTES]), content[ID_BYTES:])
