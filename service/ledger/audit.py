"""Whether the whole ledger is what was published: every entry against its leaf, every leaf against the tree.

One pass in the order of the tree, a page at a time, so that a million entries need no more memory than a thousand.

1. Each leaf has its entry, whose payload and salt make its commitment, whose hash is the leaf.
2. What an entry's columns say is what its payload says.
3. An entry without payload was emptied by an erasure that committed to it.
4. The leaves make the stored subtrees, and at the size of each checkpoint its root.
5. Each checkpoint is signed, and the published one is among them.
6. A leaf without an entry is one that a restored backup lacked, and exactly those are that an officer has seen.
7. No entry is outside: each is a leaf, or waits to be one.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal
from uuid import UUID

from msgspec import Struct

from service.kernel.database import Connection, Row
from service.ledger import note, rules
from service.ledger.gap.model import Leaf as Missing
from service.ledger.gap.rules import Pardon
from service.ledger.gap.store import closings
from service.ledger.model import Checkpoint
from service.ledger.store import QUERIES, last, size
from service.ledger.tree import Node, Tree, leaf_hash, node_hash

PAGE = 1024
PATIENCE_SECONDS = 600.0
"""A count of everything, or a search for what is wrong, may take longer than a read of the service."""


Tell = Callable[[int, int], None]
What = Literal["changed", "removed", "swapped", "emptied", "added", "unsigned"]


class Finding(Struct, frozen=True):
    """What is wrong first, in the order of the tree."""

    what: What
    sentence: str
    entry_id: UUID | None = None
    leaf_index: int | None = None


class Report(Struct, frozen=True):
    """What was looked at, and what was found."""

    sound: bool
    leaves: int
    emptied: int
    checkpoints: int
    waiting: int
    missing: int = 0
    finding: Finding | None = None


class _Found(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence)
        self.finding = finding


class Audit:
    """One pass over a ledger, whose checkpoints the holder of one of `publics` has signed.

    `tell` hears how many leaves of how many are done.
    """

    def __init__(
        self, publics: Sequence[bytes], published: Checkpoint | None, tell: Callable[[int, int], None]
    ) -> None:
        self._publics = publics
        self._published = published
        self._tell = tell
        self._tree = Tree()
        self._emptied = self._checkpoints = self._signed = self._missing = 0
        self._pardons: list[Pardon] = []

    async def run(self, connection: Connection) -> Report:
        """The report on the ledger as it is at this moment; the caller's transaction reads one moment."""
        await connection.execute("SET LOCAL statement_timeout = 0")
        waiting, finding = 0, None
        try:
            total = await size(connection)
            self._pardons = [Pardon(said) for said in await closings(connection)]
            for first in range(0, total, PAGE):
                await self._page(connection, first, min(first + PAGE, total))
                self._tell(self._tree.size, total)
            self._require_pardoned()
            await self._ends(connection)
            waiting = await self._outside(connection)
        except _Found as found:
            finding = found.finding
        return Report(
            sound=finding is None,
            leaves=self._tree.size,
            emptied=self._emptied,
            checkpoints=self._checkpoints,
            waiting=waiting,
            missing=self._missing,
            finding=finding,
        )

    async def _page(self, connection: Connection, first: int, end: int) -> None:
        rows = await connection.fetch(QUERIES["leaves"], first, end, timeout=PATIENCE_SECONDS)
        kept = await self._kept(connection, first, end)
        stored = {
            Node(row["level"], row["place"]): row["hash"]
            for row in await connection.fetch(QUERIES["completed"], first, end)
        }
        _require_single(rows)
        completed: dict[Node, bytes] = {}
        roots: dict[int, bytes] = {}
        for row in rows:
            await self._leaf(connection, row)
            completed |= self._tree.append(row["leaf_hash"])
            if self._tree.size in kept:
                roots[self._tree.size] = self._tree.root
        if self._tree.size < end:
            _require_place(self._tree.size, end)
        if completed != stored:
            await _explain(connection, {row["leaf_index"]: row for row in rows}, completed, stored)
        for number, root in roots.items():
            self._require_roots(root, kept[number])

    async def _kept(self, connection: Connection, first: int, end: int) -> Mapping[int, list[Checkpoint]]:
        """The checkpoints of a page by size, each looked at for itself; the published one is one more."""
        rows = await connection.fetch(QUERIES["checkpoints"], first, end)
        found = [Checkpoint(size=row["tree_size"], root=row["root"], note=row["note"]) for row in rows]
        self._checkpoints += len(found)
        if self._published and first < self._published.size <= end:
            found.append(self._published)
        by_size: dict[int, list[Checkpoint]] = {}
        for checkpoint in found:
            self._require_signed(checkpoint)
            by_size.setdefault(checkpoint.size, []).append(checkpoint)
        return by_size

    def _require_signed(self, checkpoint: Checkpoint) -> None:
        try:
            said = note.read(checkpoint.note)
            signed = any(note.is_signed_by(checkpoint.note, public) for public in self._publics)
        except note.NoteMalformed:
            said, signed = None, False
        if said != checkpoint or not signed:
            sentence = f"The checkpoint of {checkpoint.size} leaves is not one that a key of this ledger has signed."
            raise _Found(Finding("unsigned", sentence))

    def _require_roots(self, root: bytes, checkpoints: Sequence[Checkpoint]) -> None:
        for checkpoint in checkpoints:
            if root != checkpoint.root:
                sentence = (
                    f"The first {checkpoint.size} leaves are not those that were signed; what differs is among the "
                    f"leaves from {self._signed} to {checkpoint.size - 1}."
                )
                raise _Found(Finding("changed", sentence, leaf_index=self._signed))
            self._signed = checkpoint.size

    async def _leaf(self, connection: Connection, row: Row) -> None:
        _require_place(self._tree.size, row["leaf_index"])
        if row["commitment"] is None:
            self._pardon(row)
            return
        if row["payload"] is None:
            self._emptied += 1
        elif (said := row["payload"].get("entry_id")) != str(row["entry_id"]):
            raise _bad(row, "swapped", f"holds what entry {said} says")
        elif row["salt"] is None or rules.commitment(row["salt"], row["payload"]) != row["commitment"]:
            raise _bad(row, "changed", "does not say what it committed to")
        elif other := _other_columns(row):
            raise _bad(row, "changed", f"says otherwise in the column {other} than in what it committed to")
        if leaf_hash(row["commitment"]) != row["leaf_hash"]:
            elsewhere = await connection.fetchrow(QUERIES["elsewhere"], leaf_hash(row["commitment"]))
            if elsewhere:
                raise _bad(row, "swapped", f"has its leaf at {elsewhere['leaf_index']}, with {elsewhere['entry_id']}")
            raise _bad(row, "changed", "is not the one that the tree was made of")
        if row["payload"] is None and not row["erased"]:
            raise _bad(row, "emptied", "was emptied, and no erasure of its subject says so")

    def _pardon(self, row: Row) -> None:
        """Let an entry be gone that an officer may have seen to be missing when a gap was closed."""
        pardons = [pardon for pardon in self._pardons if pardon.covers(row["leaf_index"])]
        if not pardons:
            raise _bad(row, "removed", "is gone from the ledger; its leaf is there")
        self._missing += 1
        for pardon in pardons:
            pardon.meet(Missing(row["entry_id"], row["leaf_hash"]))

    def _require_pardoned(self) -> None:
        for pardon in self._pardons:
            if pardon.end <= self._tree.size and not pardon.holds:
                sentence = (
                    f"Of the leaves from {pardon.first} to {pardon.end - 1} other entries are gone than an officer has "
                    "closed the gap over."
                )
                raise _Found(Finding("removed", sentence, leaf_index=pardon.first))

    async def _ends(self, connection: Connection) -> None:
        """That nothing was cut off: no checkpoint is of more leaves than there are, and one is published."""
        kept, published = await last(connection), self._published
        largest = max(checkpoint.size if checkpoint else 0 for checkpoint in (kept, published))
        if largest > self._tree.size:
            sentence = f"A checkpoint of {largest} leaves was signed, and there are {self._tree.size}."
            raise _Found(Finding("removed", sentence, leaf_index=self._tree.size))
        if kept and not published:
            raise _Found(Finding("unsigned", "Checkpoints were published, and the file of the last one is gone."))

    async def _outside(self, connection: Connection) -> int:
        """How many entries wait; that all others are leaves."""
        counted = await connection.fetchrow(QUERIES["counted"], timeout=PATIENCE_SECONDS)
        entries, waiting = (counted["entries"], counted["waiting"]) if counted else (0, 0)
        stray = await connection.fetchval(QUERIES["stray"], timeout=PATIENCE_SECONDS)
        if stray or entries != self._tree.size - self._missing + waiting:
            sentence = "was written or changed by another hand: it is neither in the tree nor rightly waiting to be."
            raise _Found(Finding("added", f"Entry {stray} {sentence}" if stray else f"An entry {sentence}", stray))
        return waiting


def _bad(row: Row, what: What, sentence: str) -> _Found:
    told = f"Entry {row['entry_id']}, leaf {row['leaf_index']}, {sentence}."
    return _Found(Finding(what, told, row["entry_id"], row["leaf_index"]))


def _require_place(expected: int, found: int) -> None:
    if found > expected:
        raise _Found(Finding("removed", f"Leaf {expected} is gone.", leaf_index=expected))


def _require_single(rows: Sequence[Row]) -> None:
    for row, following in pairwise(rows):
        if row["leaf_index"] == following["leaf_index"]:
            raise _bad(row, "added", "stands in the ledger twice")


def _other_columns(row: Row) -> str | None:
    """The first column that says otherwise than the payload."""
    payload = row["payload"]
    said = {
        "subject_id": str(row["subject_id"]),
        "kind": row["kind"],
        "effective_at": rules.instant(row["effective_at"]),
        "recorded_at": rules.instant(row["recorded_at"]),
    }
    return next((column for column, value in said.items() if payload.get(column) != value), None)


async def _explain(
    connection: Connection, rows: Mapping[int, Row], completed: Mapping[Node, bytes], stored: Mapping[Node, bytes]
) -> None:
    """Say which leaf is not the one that a stored subtree was made of."""
    differs = [node for node in completed.keys() | stored.keys() if completed.get(node) != stored.get(node)]
    node = min(differs, key=lambda node: (node.level, node.place))
    first = node.place << node.level
    if node.level == 1 and node in stored and node in completed:
        left, right = rows[first], rows[first + 1]
        if node_hash(right["leaf_hash"], left["leaf_hash"]) == stored[node]:
            raise _bad(left, "swapped", f"stands where entry {right['entry_id']} was, and the other way round")
        made = await connection.fetchrow(
            QUERIES["beside"], stored[node], right["leaf_hash"], left["leaf_hash"], timeout=PATIENCE_SECONDS
        )
        if made:
            moved = left if made["left"] else right
            raise _bad(moved, "swapped", f"stands where entry {made['entry_id']} was, now leaf {made['leaf_index']}")
    sentence = (
        f"The leaves from {first} to {first + (1 << node.level) - 1} do not make the subtree that was kept of them."
    )
    raise _Found(Finding("changed", sentence, rows[first]["entry_id"] if first in rows else None, first))
