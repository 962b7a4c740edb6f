"""What checks read beside what the ledger leads to: the same, for everybody in the database (C23)."""

from typing import Any
from uuid import UUID

from service.consent import store
from service.consent.model import ConsentState
from service.consent.rules import fold
from service.kernel.database import Reader

COLUMNS = ConsentState.__struct_fields__

States = dict[UUID, dict[str, dict[str, Any]]]
"""Where each subject stands, by purpose, in the columns of the projection."""


async def projected(database: Reader) -> States:
    """What the projection says."""
    found: States = {}
    for row in await database.fetch("SELECT * FROM consent_state"):
        found.setdefault(row["subject_id"], {})[row["purpose"]] = {name: row[name] for name in COLUMNS}
    return found


async def folded(database: Reader) -> States:
    """What the ledger leads to."""
    lookups = [row["lookup"] for row in await database.fetch("SELECT lookup FROM lookups")]
    gathered = await store.gather(database, lookups)
    return {subject: _plain(states) for subject, history in gathered.histories.items() if (states := fold(history))}


def _plain(states: dict[str, ConsentState]) -> dict[str, dict[str, Any]]:
    plain = {purpose: {name: getattr(state, name) for name in COLUMNS} for purpose, state in states.items()}
    return {purpose: state | {"status": state["status"].value} for purpose, state in plain.items()}
