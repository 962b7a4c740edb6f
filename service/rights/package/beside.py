"""What stands beside rows: the proof that the ledger has an entry, and why a decision was made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from service.decisioning.explanation.commands import ExplanationDesk, Reading
from service.decisioning.explanation.store import Stored
from service.kernel.crypto import to_text
from service.kernel.database import Connection, Row
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger import tree
from service.ledger.model import Checkpoint
from service.ledger.note import to_base64
from service.policy.notice import Edition

OFFICER = "officer"
"""What an entry calls whoever acted; people are told what was done, and not by whom (CJEU C-579/21)."""


class Inclusion(Struct, frozen=True):
    """That an entry is in the tree of the package's checkpoint (RFC 6962), hashes in base64; null while it waits."""

    commitment: str
    leaf_index: int | None
    tree_size: int | None
    hashes: list[str] | None


class Shown(Struct, frozen=True):
    """A text that entries say was shown, on which site."""

    site: str
    notice_id: str
    edition: Edition


class Beside:
    """Proves entries and explains decisions of one package; it remembers which texts the entries name."""

    def __init__(
        self, explanations: ExplanationDesk, checkpoint: Checkpoint | None, language: str, now: datetime
    ) -> None:
        self._explanations = explanations
        self._checkpoint = checkpoint
        self._reading = Reading(language, "person", now)
        self.texts: dict[str, Shown] = {}
        """By hash."""

    async def of(self, connection: Connection, table: str, rows: Sequence[Row]) -> Sequence[Mapping[str, Any]] | None:
        """For each row what changes in it or is added to it; None where a table stands for itself."""
        match table:
            case "ledger_entries":
                return await self._of_entries(connection, rows)
            case "decisions":
                return await self._of_decisions(connection, rows)
            case _:
                return None

    async def _of_entries(self, connection: Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
        size = self._checkpoint.size if self._checkpoint else 0
        places = await ledger.places(connection, [row["entry_id"] for row in rows])
        paths = {entry: tree.inclusion(place, size) for entry, place in places.items() if place < size}
        needed = [node for path in paths.values() for node in tree.needed(path)]
        hashes = await ledger.subtrees(connection, needed)
        found: list[dict[str, Any]] = []
        for row in rows:
            self._remember(row["payload"] or {})
            path = paths.get(row["entry_id"])
            inclusion = Inclusion(
                commitment=to_text(ledger_rules.commitment(row["salt"], row["payload"])),
                leaf_index=places[row["entry_id"]] if path is not None else None,
                tree_size=size if path is not None else None,
                hashes=[to_base64(value) for value in tree.proof(path, hashes)] if path is not None else None,
            )
            found.append({"inclusion": inclusion, **_without_officer(row["payload"])})
        return found

    def _remember(self, payload: Mapping[str, Any]) -> None:
        notice: Mapping[str, str] = payload.get("notice") or {}
        if digest := notice.get("sha256"):
            edition = Edition(notice["version"], notice.get("language"), digest)
            self.texts.setdefault(digest, Shown(payload["site"], notice["id"], edition))

    async def _of_decisions(self, connection: Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
        decisions = [Stored(**{name: row[name] for name in Stored.__struct_fields__}) for row in rows]
        told = await self._explanations.explain_all(connection, decisions, self._reading)
        return [{"explanation": told.get(decision.decision_id)} for decision in decisions]


def _without_officer(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of an entry in which an officer acted; with its salt their id could be tried out."""
    if OFFICER not in payload:
        return {"withheld": []}
    left = {name: value for name, value in payload.items() if name != OFFICER}
    return {"payload": left, "salt": None, "withheld": [OFFICER]}
