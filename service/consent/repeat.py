"""How an import is known again: the ledger is its memory, so that the same file may come any number of times."""

from collections.abc import Mapping
from typing import Any

from service.consent.model import Method
from service.ledger.rules import canonical

SAME = ("purpose", "status", "site", "notice", "collected_at", "gpc", "minor", "guardian_verified")


def essence(facts: Mapping[str, Any]) -> bytes | None:
    """What two imports of one decision have in common, by whatever bundle each is recorded; None for all else.

    Evidence is not part of it: it says how we know, not what was said.
    """
    if facts["method"] != Method.IMPORT.value or facts["collected_at"] is None:
        return None
    return canonical({name: facts.get(name) for name in SAME})
